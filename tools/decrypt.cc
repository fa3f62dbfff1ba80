#include <fmt/format.h>

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
  std::string scheme = "rsa_oaep_sha256";
  std::string in = "-";
  std::string out = "-";
  SecretOption pin = {};
  bool force = false;
};

Result<int> decrypt(const Options& options, bool json);
Result<DecryptSpec> parse_scheme(std::string_view name);

}  // namespace

void add_decrypt(CLI::App& app, Context& context) {
  auto* command = app.add_subcommand("decrypt", "Decrypt with an RSA key");
  const auto options = std::make_shared<Options>();
  command->add_option("URI", options->uri, "The key")->required();
  command->add_option("--scheme", options->scheme,
                      "rsa_oaep_sha256 (default), rsa_oaep_sha1, rsa_oaep_sha384, rsa_oaep_sha512 "
                      "or rsa_pkcs1");
  command->add_option("--in", options->in, "Ciphertext; -: standard input");
  command->add_option("--out", options->out, "Plaintext, mode 0600; -: standard output");
  add_secret(*command, "--pin,--passphrase", options->pin, "PIN or passphrase");
  command->add_flag("--force", options->force, "Replace --out, keeping a backup");
  add_json(*command, context);
  add_example(*command, "keystore decrypt 'pkcs11:token=prod;object=mail' --in secret.bin");
  context.on(*command, [options, &context] { return decrypt(*options, context.json); });
}

namespace {

Result<int> decrypt(const Options& options, bool json) {
  const auto spec = parse_scheme(options.scheme);
  if (!spec) return Failure(spec.error());
  const auto ciphertext = read_input(options.in);
  if (!ciphertext) return Failure(ciphertext.error());
  const auto key = open_key(options.uri, options.pin);
  if (!key) return Failure(key.error());
  const Waiting waiting("decrypting with", options.uri);
  const auto plaintext = key->decrypt(*spec, *ciphertext);
  if (!plaintext) return Failure(plaintext.error());
  if (json && options.out == "-") {
    print_json({{"scheme", options.scheme}, {"plaintext", {{"hex", to_hex(plaintext->view())}}}});
    return 0;
  }
  const auto written = write_output(options.out, plaintext->view(), options.force, 0600);
  if (!written) return Failure(written.error());
  if (json) print_json({{"scheme", options.scheme}, {"out", options.out}});
  return 0;
}

Result<DecryptSpec> parse_scheme(std::string_view name) {
  struct Row {
    std::string_view name;
    Encryption encryption;
    Digest digest;
  };
  constexpr Row rows[] = {
      {"rsa_oaep_sha256", Encryption::rsa_oaep, Digest::sha256},
      {"rsa_oaep_sha1", Encryption::rsa_oaep, Digest::sha1},
      {"rsa_oaep_sha384", Encryption::rsa_oaep, Digest::sha384},
      {"rsa_oaep_sha512", Encryption::rsa_oaep, Digest::sha512},
      {"rsa_pkcs1", Encryption::rsa_pkcs1, Digest::none},
  };
  for (const auto& row : rows) {
    if (row.name == name) return DecryptSpec{.encryption = row.encryption, .digest = row.digest};
  }
  return fail(Errc::invalid_argument, fmt::format("unknown scheme '{}'", name),
              "known are rsa_oaep_sha256, rsa_oaep_sha1, rsa_oaep_sha384, rsa_oaep_sha512 and "
              "rsa_pkcs1");
}

}  // namespace
}  // namespace keystore::cli
