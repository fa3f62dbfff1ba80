#include <fmt/format.h>

#include <array>
#include <memory>

#include "keystore/uri.h"
#include "tools/commands.h"
#include "tools/copy.h"
#include "tools/options.h"
#include "tools/output.h"
#include "tools/wrapped.h"

namespace keystore::cli {
namespace {

struct Options {
  std::string source = {};
  std::string destination = {};
  SecretOption pin = {};
  SecretOption passphrase = {};
  std::string wrap_key = {};
  bool force = false;
};

Result<int> export_to(const Options& options, bool json);

}  // namespace

void add_export(CLI::App& app, Context& context) {
  auto* command =
      app.add_subcommand("export", "Write keys and certificates to a PEM file, keys first");
  const auto options = std::make_shared<Options>();
  command->add_option("SRC", options->source, "Where they are")->required();
  command->add_option("DST", options->destination, "PEM file, mode 0600")->required();
  add_secret(*command, "--pin", options->pin, "PIN or passphrase of SRC");
  add_secret(*command, "--passphrase", options->passphrase, "Encrypt keys with it (PKCS#8)");
  command
      ->add_option("--wrap-key", options->wrap_key,
                   "AES key on the token of SRC that enciphers the key there: a backup that never "
                   "was in the clear")
      ->type_name("URI")
      ->excludes("--passphrase");
  command->add_flag("--force", options->force, "Replace DST, keeping a backup");
  add_json(*command, context);
  add_example(*command,
              "keystore export web.key backup.pem --passphrase prompt\n  "
              "keystore export 'pkcs11:token=prod;object=web' web.wrapped --wrap-key "
              "'pkcs11:token=prod;object=backup'");
  context.on(*command, [options, &context] { return export_to(*options, context.json); });
}

namespace {

Result<int> export_to(const Options& options, bool json) {
  const auto destination = Uri::parse(options.destination);
  if (!destination) return Failure(destination.error());
  if (destination->scheme() != "file") {
    return fail(Errc::invalid_argument, fmt::format("{} is not a file", options.destination),
                "keystore import copies into tokens");
  }
  if (!options.wrap_key.empty()) {
    const auto made = export_wrapped({.source = options.source,
                                      .pin = options.pin,
                                      .file = destination->path(),
                                      .wrap_key = options.wrap_key,
                                      .force = options.force});
    if (!made) return Failure(made.error());
    return print_entries(std::array{*made}, json);
  }
  const auto passphrase = options.passphrase.read(
      {.what = PinRequest::What::new_passphrase, .object = options.destination});
  if (!passphrase) return Failure(passphrase.error());
  const auto made = copy_objects(
      {.source = options.source,
       .source_secret = options.pin,
       .destination = options.destination,
       .object = {.replace = options.force, .passphrase = *passphrase ? &**passphrase : nullptr}});
  if (!made) return Failure(made.error());
  return print_entries(*made, json);
}

}  // namespace
}  // namespace keystore::cli
