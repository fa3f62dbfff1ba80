#include <fmt/format.h>

#include <array>
#include <memory>
#include <vector>

#include "keystore/uri.h"
#include "tools/commands.h"
#include "tools/copy.h"
#include "tools/options.h"
#include "tools/output.h"
#include "tools/stores.h"
#include "tools/wrapped.h"

namespace keystore::cli {
namespace {

struct Options {
  std::string source = {};
  std::string destination = {};
  SecretOption pin = {};
  SecretOption passphrase = {};
  IssuerOptions issuers = {};
  std::string wrap_key = {};
  bool legacy = false;
  bool force = false;
};

Result<int> export_to(const Options& options, bool json);
Result<Uri> destination_of(const std::string& text);

}  // namespace

void add_export(CLI::App& app, Context& context) {
  auto* command =
      app.add_subcommand("export", "Write keys and certificates to a PEM or PKCS#12 file");
  const auto options = std::make_shared<Options>();
  command->add_option("SRC", options->source, "Where they are")->required();
  command
      ->add_option("DST", options->destination,
                   "PEM file, or pfx:PATH and names that end in .p12 or .pfx: PKCS#12")
      ->required();
  add_secret(*command, "--pin", options->pin, "PIN or passphrase of SRC");
  add_secret(*command, "--passphrase", options->passphrase,
             "Encrypt DST with it; also opens SRC, unless --pin does");
  options->issuers.add_to(*command);
  command->add_flag("--legacy", options->legacy,
                    "PKCS#12 that old systems read (3DES, SHA-1): Windows before 10");
  command
      ->add_option("--wrap-key", options->wrap_key,
                   "AES key on the token of SRC that enciphers the key there: a backup that never "
                   "was in the clear")
      ->type_name("URI")
      ->excludes("--passphrase");
  command->add_flag("--force", options->force, "Replace DST, keeping a backup");
  add_json(*command, context);
  add_example(
      *command,
      "keystore export web.key backup.pem --passphrase prompt\n  "
      "keystore export web.pem pfx:web.p12 --chain intermediates.pem --passphrase prompt\n  "
      "keystore export 'pkcs11:token=prod;object=web' web.wrapped --wrap-key "
      "'pkcs11:token=prod;object=backup'");
  context.on(*command, [options, &context] { return export_to(*options, context.json); });
}

namespace {

Result<int> export_to(const Options& options, bool json) {
  const auto destination = destination_of(options.destination);
  if (!destination) return Failure(destination.error());
  if (!options.wrap_key.empty()) {
    const auto made = export_wrapped({.source = options.source,
                                      .pin = options.pin,
                                      .file = destination->path(),
                                      .wrap_key = options.wrap_key,
                                      .force = options.force});
    if (!made) return Failure(made.error());
    return print_entries(std::array{*made}, json);
  }
  if (options.legacy && destination->scheme() != "pfx") {
    return fail(Errc::invalid_argument, "--legacy is for PKCS#12", "pfx:PATH asks for it");
  }
  const auto passphrase = options.passphrase.read(
      {.what = PinRequest::What::new_passphrase, .object = options.destination});
  if (!passphrase) return Failure(passphrase.error());
  const bool from_token = options.source.starts_with("pkcs11:");
  const bool own_secret = from_token || !options.pin.text.empty();
  const auto made = copy_objects({.source = options.source,
                                  .source_secret = own_secret ? options.pin : options.passphrase,
                                  .issuers = options.issuers,
                                  .destination = options.destination,
                                  .object = {.replace = options.force,
                                             .passphrase = *passphrase ? &**passphrase : nullptr,
                                             .legacy = options.legacy}});
  if (!made) return Failure(made.error());
  return print_entries(*made, json);
}

/// Errors: invalid_argument (no file).
Result<Uri> destination_of(const std::string& text) {
  auto uri = new_file_uri(text);
  if (!uri || uri->scheme() == "file" || uri->scheme() == "pfx") return uri;
  return fail(Errc::invalid_argument, fmt::format("{} is not a file", text),
              "keystore import copies into tokens");
}

}  // namespace
}  // namespace keystore::cli
