#include "bindings/openssl/provider/key_kind.h"

#include <array>

namespace keystore::provider {
namespace {

// X25519 and X448 last.
constexpr std::array all_kinds = {KeyKind::rsa,   KeyKind::rsa_pss, KeyKind::ec,  KeyKind::ed25519,
                                  KeyKind::ed448, KeyKind::x25519,  KeyKind::x448};

}  // namespace

std::span<const KeyKind> offered_kinds(bool montgomery) noexcept {
  return std::span(all_kinds).first(all_kinds.size() - (montgomery ? 0 : 2));
}

const char* type_name(KeyKind kind) noexcept {
  switch (kind) {
    case KeyKind::rsa:
      return "RSA";
    case KeyKind::rsa_pss:
      return "RSA-PSS";
    case KeyKind::ec:
      return "EC";
    case KeyKind::ed25519:
      return "ED25519";
    case KeyKind::ed448:
      return "ED448";
    case KeyKind::x25519:
      return "X25519";
    case KeyKind::x448:
      return "X448";
  }
  return nullptr;
}

const char* all_names(KeyKind kind) noexcept {
  switch (kind) {
    case KeyKind::rsa:
      return "RSA:rsaEncryption:1.2.840.113549.1.1.1";
    case KeyKind::rsa_pss:
      return "RSA-PSS:RSASSA-PSS:1.2.840.113549.1.1.10";
    case KeyKind::ec:
      return "EC:id-ecPublicKey:1.2.840.10045.2.1";
    case KeyKind::ed25519:
      return "ED25519:1.3.101.112";
    case KeyKind::ed448:
      return "ED448:1.3.101.113";
    case KeyKind::x25519:
      return "X25519:1.3.101.110";
    case KeyKind::x448:
      return "X448:1.3.101.111";
  }
  return nullptr;
}

std::optional<KeyKind> kind_of(const KeyShape& shape) noexcept {
  switch (shape.type) {
    case KeyType::rsa:
      return shape.rsa_pss_only ? KeyKind::rsa_pss : KeyKind::rsa;
    case KeyType::ec:
      return KeyKind::ec;
    case KeyType::ed25519:
      return KeyKind::ed25519;
    case KeyType::ed448:
      return KeyKind::ed448;
    case KeyType::x25519:
      return KeyKind::x25519;
    case KeyType::x448:
      return KeyKind::x448;
    case KeyType::dsa:
    case KeyType::other:
      return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace keystore::provider
