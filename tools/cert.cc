#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <memory>

#include "bindings/openssl/x509/issue.h"
#include "keystore/internal/validity_limit.h"
#include "tools/commands.h"
#include "tools/holder.h"
#include "tools/io.h"
#include "tools/output.h"
#include "tools/progress.h"
#include "tools/stores.h"

namespace keystore::cli {
namespace {

struct Options {
  std::string uri = {};
  bool self_signed = false;
  std::string ca = {};
  std::string ca_certificate = {};
  std::string request = {};
  HolderOptions holder = {};
  std::string purpose = {};
  unsigned days = 0;
  std::string out = "-";
  SecretOption pin = {};
  bool force = false;
};

void add_options(CLI::App& command, Options& options);
Result<int> make(const Options& options, bool json);
Result<Certificate> self_signed(const Options& options);
Result<Certificate> issued(const Options& options);

}  // namespace

void add_cert(CLI::App& app, Context& context) {
  auto* command = app.add_subcommand("cert", "Make a certificate: self-signed, or as a CA");
  const auto options = std::make_shared<Options>();
  add_options(*command, *options);
  add_json(*command, context);
  add_example(*command,
              "keystore cert ca.key --self-signed --purpose ca --subject CN=CA --out ca.pem\n  "
              "keystore cert --ca ca.key --ca-cert ca.pem --csr web.csr --out web.pem");
  context.on(*command, [options, &context] { return make(*options, context.json); });
}

namespace {

constexpr unsigned leaf_days = 90;
constexpr unsigned ca_days = 3650;

void add_options(CLI::App& command, Options& options) {
  command.add_option("URI", options.uri, "The key that the certificate is for; or give --csr");
  auto* signer = command.add_option_group("signer");
  signer->add_flag("--self-signed", options.self_signed, "Signed by the key itself");
  signer->add_option("--ca", options.ca, "Signed by this key")->type_name("URI");
  signer->require_option(1);
  command
      .add_option("--ca-cert", options.ca_certificate, "The CA's certificate; default: beside --ca")
      ->type_name("URI");
  command.add_option("--csr", options.request, "Certificate request; -: standard input")
      ->type_name("FILE");
  options.holder.add_to(command);
  command.add_option("--purpose", options.purpose, "server (default), client or ca");
  command.add_option("--days", options.days,
                     fmt::format("Default: {}, for a CA {}", leaf_days, ca_days));
  command.add_option("--out", options.out, "PEM file; -: standard output");
  add_secret(command, "--pin,--passphrase", options.pin, "PIN or passphrase of the signing key");
  command.add_flag("--force", options.force, "Replace --out, keeping a backup");
}

Result<int> make(const Options& options, bool json) {
  const Waiting waiting("making a certificate");
  const auto certificate = options.self_signed ? self_signed(options) : issued(options);
  if (!certificate) return Failure(certificate.error());
  return print_pem("certificate", certificate->to_pem(), options.out, options.force, json);
}

Result<openssl::IssueSpec> issue_spec(const Options& options) {
  using namespace std::chrono;
  const auto purpose = openssl::parse_purpose(options.purpose.empty() ? "server" : options.purpose);
  if (!purpose) return Failure(purpose.error());
  auto holder = options.holder.spec();
  if (!holder) return Failure(holder.error());
  const auto now = floor<seconds>(system_clock::now());
  const auto most = most_days(now);
  const bool is_ca = *purpose == openssl::Purpose::ca;
  const auto days = options.days != 0 ? options.days : is_ca ? ca_days : std::min(leaf_days, most);
  if (*purpose == openssl::Purpose::server && days > most) {
    print_warning(
        fmt::format("{} days are more than the {} that public servers may have now", days, most));
  }
  return openssl::IssueSpec{.holder = *std::move(holder),
                            .purpose = *purpose,
                            .not_before = now,
                            .not_after = now + std::chrono::days(days)};
}

Result<Certificate> self_signed(const Options& options) {
  if (options.uri.empty() || !options.request.empty()) {
    return fail(Errc::invalid_argument, "--self-signed wants the key's URI and no --csr",
                "see keystore cert --help");
  }
  const auto spec = issue_spec(options);
  if (!spec) return Failure(spec.error());
  const auto key = open_key(options.uri, options.pin);
  if (!key) return Failure(key.error());
  return openssl::self_sign(*key, *spec);
}

Result<Identity> issuer_of(const Options& options) {
  const auto store = open_store(options.ca, options.pin);
  if (!store) return Failure(store.error());
  if (options.ca_certificate.empty()) {
    auto identity = store->identity();
    if (!identity && identity.error().code == Errc::not_found && identity.error().hint.empty()) {
      auto error = identity.error();
      error.hint = "name the CA's certificate with --ca-cert";
      return Failure(std::move(error));
    }
    return identity;
  }
  auto key = store->key();
  if (!key) return Failure(key.error());
  const auto certificates = open_certificates(options.ca_certificate, options.pin);
  if (!certificates) return Failure(certificates.error());
  return Identity::create(*std::move(key), certificates->front(), {});
}

/// A request of the key's own where there is none from elsewhere.
Result<Bytes> request_of(const Options& options) {
  if (options.uri.empty() == options.request.empty()) {
    return fail(Errc::invalid_argument, "--ca wants either --csr FILE or the URI of a key",
                "see keystore cert --help");
  }
  if (!options.request.empty()) return read_input(options.request);
  const auto holder = options.holder.spec();
  if (!holder) return Failure(holder.error());
  const auto key = open_key(options.uri, options.pin);
  if (!key) return Failure(key.error());
  return openssl::make_request(*key, *holder);
}

Result<Certificate> issued(const Options& options) {
  auto spec = issue_spec(options);
  if (!spec) return Failure(spec.error());
  const auto request = request_of(options);
  if (!request) return Failure(request.error());
  const auto issuer = issuer_of(options);
  if (!issuer) return Failure(issuer.error());
  // What was asked for is kept or refused; the default gives way.
  if (options.days == 0) spec->not_after = std::min(spec->not_after, issuer->leaf().not_after());
  return openssl::issue(*issuer, *request, *spec);
}

}  // namespace
}  // namespace keystore::cli
