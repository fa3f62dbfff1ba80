#include <stdexcept>

#include "keystore/file.h"
#include "keystore/internal/lib_ctx.h"
#include "keystore/internal/openssl_ptr.h"
#include "keystore/store.h"
#include "tests/bench/sections.h"
#include "tests/support/process.h"
#include "tests/support/workspace.h"

namespace keystore::bench {
namespace {

void openssl(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "openssl");
  const auto done = testing::run(arguments);
  if (!done.ok()) throw std::runtime_error(done.text());
}

/// Everything that PKCS12_parse() gives: key, certificate and chain.
void parse_by_openssl(const std::string& path) {
  const auto file = read_file(path).value();
  auto* made = PKCS12_init_ex(NID_pkcs7_data, private_lib_ctx(), nullptr);
  const auto* in = file.view().data();
  d2i_PKCS12(&made, &in, static_cast<long>(file.size()));
  const Pkcs12Ptr pfx(made);
  EVP_PKEY* key = nullptr;
  X509* certificate = nullptr;
  if (PKCS12_parse(pfx.get(), "passphrase", &key, &certificate, nullptr) != 1) {
    throw std::runtime_error("PKCS12_parse");
  }
  const EvpPkeyPtr own_key(key);
  const X509Ptr own_certificate(certificate);
}

Contender contender(std::string name, std::function<void()> work) {
  return {std::move(name), [work = std::move(work)] { return work; }};
}

}  // namespace

void measure_pfx(const Settings& settings, Report& report) {
  const testing::Workspace workspace;
  const auto key = workspace / "key.pem";
  const auto certificate = workspace / "certificate.pem";
  const OpenOptions options{.pin_source = *SecretSource::parse("pass:passphrase")};
  for (const bool ec : {true, false}) {
    std::vector<std::string> make{"genpkey", "-algorithm", ec ? "EC" : "RSA", "-out", key.string()};
    if (ec) make.insert(make.end(), {"-pkeyopt", "ec_paramgen_curve:P-256"});
    openssl(make);
    openssl({"req", "-new", "-x509", "-key", key.string(), "-subj", "/CN=web", "-out",
             certificate.string()});
    const auto path = (workspace / (ec ? "ec.p12" : "rsa.p12")).string();
    openssl({"pkcs12", "-export", "-inkey", key.string(), "-in", certificate.string(), "-out", path,
             "-passout", "pass:passphrase"});
    report.add(ec ? "P-256, as openssl writes it" : "RSA 2048, as openssl writes it", 1,
               measure({contender("PKCS12_parse", [path] { parse_by_openssl(path); }),
                        contender("library",
                                  [path, options] {
                                    open("pfx:" + path, options).value().identity().value();
                                  })},
                       1, settings.effort));
  }
}

}  // namespace keystore::bench
