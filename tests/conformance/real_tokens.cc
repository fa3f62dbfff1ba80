#include "tests/conformance/real_tokens.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <map>
#include <stdexcept>

#include "tests/support/nss_token.h"
#include "tests/support/opencryptoki.h"
#include "tests/support/p11kit_token.h"
#include "tests/support/softhsm.h"
#include "tests/support/tpm2.h"

namespace keystore::testing {
namespace {

template <class Fixture>
std::unique_ptr<TokenFixture> start() {
  return std::make_unique<Fixture>();
}

constexpr std::string_view nss_no_eddsa = "NSS 3.87 has no Edwards curves";
constexpr std::array nss_lacks = {
    Lack{Capability::generate_ed25519, nss_no_eddsa},
    Lack{Capability::generate_ed448, nss_no_eddsa},
    Lack{Capability::import_ed25519, nss_no_eddsa},
    Lack{Capability::import_ed448, nss_no_eddsa},
    Lack{Capability::sign_ed25519, nss_no_eddsa},
    Lack{Capability::sign_ed448, nss_no_eddsa},
};

constexpr std::string_view wire_no_eddsa = "p11-kit 0.24.1 does not carry the mechanisms of EdDSA";
constexpr std::array p11kit_lacks = {
    Lack{Capability::generate_ed25519, wire_no_eddsa},
    Lack{Capability::generate_ed448, wire_no_eddsa},
    Lack{Capability::import_ed25519, wire_no_eddsa},
    Lack{Capability::import_ed448, wire_no_eddsa},
    Lack{Capability::sign_ed25519, wire_no_eddsa},
    Lack{Capability::sign_ed448, wire_no_eddsa},
    Lack{Capability::derive_ecdh, "p11-kit 0.24.1 does not carry CKM_ECDH1_DERIVE"},
};

constexpr std::string_view tpm2_takes_no_keys =
    "tpm2-pkcs11 1.9 takes no private keys through PKCS#11, only by tpm2_ptool import";
constexpr std::string_view tpm2_no_p521 =
    "tpm2-pkcs11 1.9 cannot read the points of P-521 that it writes";
constexpr std::string_view tpm2_no_eddsa = "a TPM 2.0 has no Edwards curves";
constexpr std::array tpm2_lacks = {
    Lack{Capability::generate_p521, tpm2_no_p521},
    Lack{Capability::generate_ed25519, tpm2_no_eddsa},
    Lack{Capability::generate_ed448, tpm2_no_eddsa},
    Lack{Capability::import_rsa, tpm2_takes_no_keys},
    Lack{Capability::import_p256, tpm2_takes_no_keys},
    Lack{Capability::import_p384, tpm2_takes_no_keys},
    Lack{Capability::import_p521, tpm2_takes_no_keys},
    Lack{Capability::import_ed25519, tpm2_takes_no_keys},
    Lack{Capability::import_ed448, tpm2_takes_no_keys},
    Lack{Capability::sign_ed25519, tpm2_no_eddsa},
    Lack{Capability::sign_ed448, tpm2_no_eddsa},
    Lack{Capability::derive_ecdh, "tpm2-pkcs11 1.9 derives nothing"},
    Lack{Capability::sign_in_child,
         "tpm2-pkcs11 1.9 would go on with the TPM session of the parent, and the TPM takes that "
         "for an attack"},
};

constexpr std::string_view opencryptoki_rsa_alone =
    "the software token of opencryptoki 3.8.1 has RSA alone";
constexpr std::array opencryptoki_lacks = {
    Lack{Capability::generate_p256, opencryptoki_rsa_alone},
    Lack{Capability::generate_p384, opencryptoki_rsa_alone},
    Lack{Capability::generate_p521, opencryptoki_rsa_alone},
    Lack{Capability::generate_ed25519, opencryptoki_rsa_alone},
    Lack{Capability::generate_ed448, opencryptoki_rsa_alone},
    Lack{Capability::import_p256, opencryptoki_rsa_alone},
    Lack{Capability::import_p384, opencryptoki_rsa_alone},
    Lack{Capability::import_p521, opencryptoki_rsa_alone},
    Lack{Capability::import_ed25519, opencryptoki_rsa_alone},
    Lack{Capability::import_ed448, opencryptoki_rsa_alone},
    Lack{Capability::sign_ecdsa, opencryptoki_rsa_alone},
    Lack{Capability::sign_ed25519, opencryptoki_rsa_alone},
    Lack{Capability::sign_ed448, opencryptoki_rsa_alone},
    Lack{Capability::derive_ecdh, opencryptoki_rsa_alone},
};

constexpr std::array rows = {
    RealToken{"SoftHsm", "softhsm2", SoftHsm::available, start<SoftHsm>},
    RealToken{"Nss", "libnss3 libnss3-tools", NssToken::available, start<NssToken>, nss_lacks},
    RealToken{"P11Kit", "softhsm2 p11-kit p11-kit-modules", P11KitToken::available,
              start<P11KitToken>, p11kit_lacks},
    RealToken{"Tpm2",
              "swtpm dbus-daemon tpm2-abrmd tpm2-tools libtss2-tcti-swtpm0 libtss2-tcti-tabrmd0 "
              "libtpm2-pkcs11-1 libtpm2-pkcs11-tools",
              Tpm2::available, start<Tpm2>, tpm2_lacks},
    RealToken{"OpenCryptoki", "opencryptoki libopencryptoki0", OpenCryptoki::available,
              start<OpenCryptoki>, opencryptoki_lacks, OpenCryptoki::forbidden},
};

}  // namespace

const Lack* RealToken::lack(Capability capability) const {
  const auto found = std::ranges::find(lacks, capability, &Lack::capability);
  return found == lacks.end() ? nullptr : &*found;
}

std::span<const RealToken> real_tokens() { return rows; }

std::vector<std::string_view> token_names() {
  std::vector<std::string_view> names;
  for (const auto& kind : rows) names.push_back(kind.name);
  return names;
}

const RealToken& real_token(std::string_view name) {
  const auto* found = std::ranges::find(rows, name, &RealToken::name);
  if (found == rows.end()) throw std::logic_error("no such token: " + std::string(name));
  return *found;
}

TokenFixture& shared_token(const RealToken& kind) {
  static std::map<std::string_view, std::unique_ptr<TokenFixture>> started;
  auto& token = started[kind.name];
  if (token == nullptr) token = kind.start();
  return *token;
}

bool can_run(const RealToken& kind) {
  const auto skip = [](const std::string& why) { GTEST_SKIP() << why; };
  if (kind.available()) {
    const auto why = kind.forbidden == nullptr ? std::string() : kind.forbidden();
    if (!why.empty()) skip("NOT ALLOWED: " + why);
    return why.empty();
  }
  const auto missing = "NOT INSTALLED: " + std::string(kind.packages);
  if (std::getenv("KEYSTORE_TEST_ALL") != nullptr) {
    ADD_FAILURE() << missing;
  } else {
    skip(missing + " (tools/test --all installs it)");
  }
  return false;
}

}  // namespace keystore::testing
