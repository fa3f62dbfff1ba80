#include <array>
#include <memory>

#include "tools/commands.h"
#include "tools/copy.h"
#include "tools/new_object.h"
#include "tools/output.h"
#include "tools/wrapped.h"

namespace keystore::cli {
namespace {

struct Options {
  std::string source = {};
  std::string destination = {};
  SecretOption pin = {};
  IssuerOptions issuers = {};
  std::string wrap_key = {};
  NewObjectOptions object = {};
};

Result<int> import(const Options& options, bool json);

}  // namespace

void add_import(CLI::App& app, Context& context) {
  auto* command = app.add_subcommand("import", "Copy keys and certificates into a store");
  const auto options = std::make_shared<Options>();
  command->add_option("SRC", options->source, "Where they are")->required();
  command
      ->add_option("DST", options->destination,
                   "The token or the file that gets them; names that end in .p12 or .pfx: PKCS#12")
      ->required();
  add_secret(*command, "--pin", options->pin, "PIN of the token");
  options->issuers.add_to(*command);
  command
      ->add_option("--wrap-key", options->wrap_key,
                   "AES key on the token DST that opens SRC, which export --wrap-key wrote")
      ->type_name("URI");
  options->object.add_to(*command);
  add_json(*command, context);
  add_example(*command,
              "keystore import web.pem 'pkcs11:token=prod' --label web\n  "
              "keystore import answer.p7b 'pkcs11:token=prod' --chain intermediates.pem\n  "
              "keystore import web.wrapped 'pkcs11:token=prod' --wrap-key "
              "'pkcs11:token=prod;object=backup'");
  context.on(*command, [options, &context] { return import(*options, context.json); });
}

namespace {

Result<int> import(const Options& options, bool json) {
  const auto wanted = options.object.read(options.destination);
  if (!wanted) return Failure(wanted.error());
  if (!options.wrap_key.empty()) {
    const auto made = import_wrapped({.file = options.source,
                                      .destination = options.destination,
                                      .pin = options.pin,
                                      .wrap_key = options.wrap_key,
                                      .object = wanted->object()});
    if (!made) return Failure(made.error());
    return print_entries(std::array{*made}, json);
  }
  if (const auto plain = refuse_wrapped(options.source); !plain) return Failure(plain.error());
  const auto& passphrase = options.object.passphrase;
  const bool from_token = options.source.starts_with("pkcs11:") || passphrase.text.empty();
  const auto made = copy_objects({.source = options.source,
                                  .source_secret = from_token ? options.pin : passphrase,
                                  .issuers = options.issuers,
                                  .destination = options.destination,
                                  .destination_secret = options.pin,
                                  .object = wanted->object()});
  if (!made) return Failure(made.error());
  return print_entries(*made, json);
}

}  // namespace
}  // namespace keystore::cli
