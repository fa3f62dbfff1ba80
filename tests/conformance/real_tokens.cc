#include "tests/conformance/real_tokens.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <map>
#include <stdexcept>

#include "tests/support/nss_token.h"
#include "tests/support/p11kit_token.h"
#include "tests/support/softhsm.h"

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
    Lack{Capability::sign_ed25519, wire_no_eddsa},
    Lack{Capability::sign_ed448, wire_no_eddsa},
    Lack{Capability::derive_ecdh, "p11-kit 0.24.1 does not carry CKM_ECDH1_DERIVE"},
};

constexpr std::array rows = {
    RealToken{"SoftHsm", "softhsm2", SoftHsm::available, start<SoftHsm>},
    RealToken{"Nss", "libnss3 libnss3-tools", NssToken::available, start<NssToken>, nss_lacks},
    RealToken{"P11Kit", "softhsm2 p11-kit p11-kit-modules", P11KitToken::available,
              start<P11KitToken>, p11kit_lacks},
};

}  // namespace

const Lack* RealToken::lack(Capability capability) const {
  const auto found = std::ranges::find(lacks, capability, &Lack::capability);
  return found == lacks.end() ? nullptr : &*found;
}

std::span<const RealToken> real_tokens() { return rows; }

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

std::string not_installed(const RealToken& kind) {
  if (kind.available()) return {};
  return "NOT INSTALLED: " + std::string(kind.packages) + " (tools/test --all installs it)";
}

bool must_be_installed() { return std::getenv("KEYSTORE_TEST_ALL") != nullptr; }

}  // namespace keystore::testing
