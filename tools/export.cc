#include <fmt/format.h>

#include <memory>

#include "keystore/uri.h"
#include "tools/commands.h"
#include "tools/copy.h"
#include "tools/options.h"
#include "tools/output.h"

namespace keystore::cli {
namespace {

struct Options {
  std::string source = {};
  std::string destination = {};
  SecretOption pin = {};
  SecretOption passphrase = {};
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
  command->add_flag("--force", options->force, "Replace DST, keeping a backup");
  add_json(*command, context);
  add_example(*command, "keystore export web.key backup.pem --passphrase prompt");
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
