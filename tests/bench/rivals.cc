// The engine interface is what libp11 offers to OpenSSL 3.0, deprecated as it is.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "tests/bench/rivals.h"

#include <openssl/engine.h>

#include <functional>
#include <stdexcept>

#include "tests/bench/gnutls.h"

namespace keystore::bench {
namespace {

std::filesystem::path libraries_of_openssl(int what) { return OPENSSL_info(what); }

std::string with_pin(const testing::SoftHsm& hsm, const std::string& label) {
  return hsm.uri(label) + ";type=private?pin-value=" + hsm.pin();
}

std::filesystem::path engine_file() {
  return libraries_of_openssl(OPENSSL_INFO_ENGINES_DIR) / "pkcs11.so";
}

OSSL_LIB_CTX* provider_context() {
  static OSSL_LIB_CTX* const context = [] {
    const auto folder = libraries_of_openssl(OPENSSL_INFO_MODULES_DIR);
    if (!std::filesystem::exists(folder / "pkcs11.so")) throw std::runtime_error("not installed");
    setenv("PKCS11_PROVIDER_MODULE", testing::SoftHsm::module_path().c_str(), 1);
    return application_context(folder, "pkcs11").release();
  }();
  return context;
}

ENGINE* engine() {
  static ENGINE* const ready = [] {
    const auto file = engine_file();
    if (!engine_is_installed()) throw std::runtime_error("not installed");
    ENGINE_load_dynamic();
    ENGINE* made = ENGINE_by_id("dynamic");
    require(made && ENGINE_ctrl_cmd_string(made, "SO_PATH", file.c_str(), 0) == 1 &&
                ENGINE_ctrl_cmd_string(made, "LOAD", nullptr, 0) == 1 &&
                ENGINE_ctrl_cmd_string(made, "MODULE_PATH", testing::SoftHsm::module_path().c_str(),
                                       0) == 1 &&
                ENGINE_init(made) == 1,
            "ENGINE_init");
    return made;
  }();
  return ready;
}

EVP_PKEY* load_through_engine(const std::string& uri) {
  EVP_PKEY* key = ENGINE_load_private_key(engine(), uri.c_str(), nullptr, nullptr);
  require(key != nullptr, "ENGINE_load_private_key");
  return key;
}

/// Runs `make` for a rival; a rival that cannot is reported.
template <class T>
void add(std::vector<T>& list, Report& report, const std::string& name,
         const std::function<T()>& make) {
  try {
    list.push_back(make());
  } catch (const std::exception& problem) {
    report.skip(name, problem.what());
  }
}

}  // namespace

bool engine_is_installed() { return std::filesystem::exists(engine_file()); }

std::vector<RivalKey> rival_keys(const testing::SoftHsm& hsm, const std::string& label,
                                 Report& report) {
  std::vector<RivalKey> keys;
  const auto uri = with_pin(hsm, label);
  add<RivalKey>(keys, report, "pkcs11-provider", [&] {
    return RivalKey{"pkcs11-provider", load_uri(uri, provider_context()).release(),
                    provider_context()};
  });
  add<RivalKey>(keys, report, "libp11 engine", [&] {
    return RivalKey{"libp11 engine", load_through_engine(uri)};
  });
  return keys;
}

std::vector<Contender> signing_rivals(const testing::SoftHsm& hsm, const Subject& subject,
                                      Report& report) {
  std::vector<Contender> rivals;
  for (const auto& rival : rival_keys(hsm, subject.label, report)) {
    add<Contender>(rivals, report, rival.name, [&] {
      auto contender = evp(rival.name, rival.key, rival.context);
      contender.worker()();  // one that cannot is not measured
      return contender;
    });
  }
  add<Contender>(rivals, report, "gnutls",
                 [&] { return gnutls(with_pin(hsm, subject.label), subject); });
  return rivals;
}

std::vector<Contender> loading_rivals(const testing::SoftHsm& hsm, const std::string& label,
                                      Report& report) {
  std::vector<Contender> rivals;
  const auto uri = with_pin(hsm, label);
  const auto repeat = [&](const std::string& name, const std::function<EvpPkeyPtr()>& load) {
    add<Contender>(rivals, report, name, [&] {
      load();
      return Contender{name, [load] { return [load] { load(); }; }};
    });
  };
  repeat("pkcs11-provider", [uri] { return load_uri(uri, provider_context()); });
  repeat("libp11 engine", [uri] { return EvpPkeyPtr(load_through_engine(uri)); });
  return rivals;
}

}  // namespace keystore::bench
