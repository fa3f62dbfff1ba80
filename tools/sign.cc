#include <memory>

#include "tools/commands.h"
#include "tools/io.h"
#include "tools/options.h"
#include "tools/output.h"
#include "tools/progress.h"
#include "tools/stores.h"

namespace keystore::cli {
namespace {

struct Options {
  std::string uri = {};
  std::string scheme = {};
  std::string in = "-";
  std::string out = "-";
  SecretOption pin = {};
  bool force = false;
};

Result<int> sign(const Options& options, bool json);

}  // namespace

void add_sign(CLI::App& app, Context& context) {
  auto* command = app.add_subcommand("sign", "Sign with a key");
  const auto options = std::make_shared<Options>();
  command->add_option("URI", options->uri, "The key")->required();
  command->add_option("--scheme", options->scheme, "TLS name, say ecdsa_secp256r1_sha256")
      ->required();
  command->add_option("--in", options->in, "Message; -: standard input");
  command->add_option("--out", options->out, "Signature; -: standard output");
  add_secret(*command, "--pin,--passphrase", options->pin, "PIN or passphrase");
  command->add_flag("--force", options->force, "Replace --out, keeping a backup");
  add_json(*command, context);
  add_example(*command, "keystore sign key.pem --scheme ed25519 --in message --out message.sig");
  context.on(*command, [options, &context] { return sign(*options, context.json); });
}

namespace {

Result<int> sign(const Options& options, bool json) {
  const auto scheme = parse_signature_scheme(options.scheme);
  if (!scheme) return Failure(scheme.error());
  const auto message = read_input(options.in);
  if (!message) return Failure(message.error());
  const auto key = open_key(options.uri, options.pin);
  if (!key) return Failure(key.error());
  const Waiting waiting("signing with", options.uri);
  const auto signature = key->sign(*scheme, *message);
  if (!signature) return Failure(signature.error());
  if (!json || options.out != "-") {
    const auto written = write_output(options.out, *signature, options.force);
    if (!written) return Failure(written.error());
  }
  if (json) {
    print_json({{"scheme", to_string(*scheme)}, {"signature", {{"hex", to_hex(*signature)}}}});
  }
  return 0;
}

}  // namespace
}  // namespace keystore::cli
