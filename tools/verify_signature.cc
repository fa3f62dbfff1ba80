#include <fmt/format.h>

#include <algorithm>
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
  std::string signature = {};
  SecretOption pin = {};
};

Result<int> verify(const Options& options, bool json);
Result<PublicKey> the_public_key(const std::string& uri, const SecretOption& pin);
std::vector<PublicKey> public_keys(const std::vector<Entry>& entries);

}  // namespace

void add_verify_signature(CLI::App& app, Context& context) {
  auto* command =
      app.add_subcommand("verify-signature", "Check a signature; exit 1 when it is bad");
  const auto options = std::make_shared<Options>();
  command->add_option("URI", options->uri, "The key or certificate")->required();
  command->add_option("--scheme", options->scheme, "TLS name, say ecdsa_secp256r1_sha256")
      ->required();
  command->add_option("--in", options->in, "Message; -: standard input");
  command->add_option("--signature", options->signature, "File with the signature")->required();
  add_secret(*command, "--pin,--passphrase", options->pin, "PIN or passphrase");
  add_json(*command, context);
  add_example(*command,
              "keystore verify-signature cert.pem --scheme ed25519 --in message --signature "
              "message.sig");
  context.on(*command, [options, &context] { return verify(*options, context.json); });
}

namespace {

Result<int> verify(const Options& options, bool json) {
  const auto scheme = parse_signature_scheme(options.scheme);
  if (!scheme) return Failure(scheme.error());
  const auto message = read_input(options.in);
  if (!message) return Failure(message.error());
  const auto signature = read_input(options.signature);
  if (!signature) return Failure(signature.error());
  const auto key = the_public_key(options.uri, options.pin);
  if (!key) return Failure(key.error());
  const auto good = key->verify(spec_of(*scheme), *message, *signature);
  if (!good) return Failure(good.error());
  if (json) {
    print_json({{"verified", *good}, {"scheme", to_string(*scheme)}});
  } else {
    print_line(*good ? "good" : "bad");
  }
  return *good ? 0 : 1;
}

/// Keys come before certificates: beside a key there may be its whole chain.
Result<PublicKey> the_public_key(const std::string& uri, const SecretOption& pin) {
  const auto store = open_store(uri, pin);
  if (!store) return Failure(store.error());
  const Waiting waiting("reading", uri);
  const auto found = store->find_entries();
  if (!found) return Failure(found.error());
  const auto keys = public_keys(found->items);
  const auto name = store->uri().canonical();
  if (keys.size() == 1) return keys.front();
  if (keys.size() > 1) {
    return fail(Errc::ambiguous, fmt::format("{} holds {} public keys", name, keys.size()),
                "see keystore ls for the URI of each");
  }
  if (!found->skipped.empty()) return Failure(found->skipped.front());
  return fail(Errc::not_found, fmt::format("there is no public key at {}", name));
}

std::vector<PublicKey> public_keys(const std::vector<Entry>& entries) {
  std::vector<PublicKey> keys;
  const auto add = [&keys](const PublicKey& key) {
    if (std::find(keys.begin(), keys.end(), key) == keys.end()) keys.push_back(key);
  };
  for (const auto& entry : entries) {
    if (entry.public_key && !entry.certificate) add(*entry.public_key);
  }
  if (!keys.empty()) return keys;
  for (const auto& entry : entries) {
    if (!entry.certificate) continue;
    if (const auto key = entry.certificate->public_key()) add(*key);
  }
  return keys;
}

}  // namespace
}  // namespace keystore::cli
