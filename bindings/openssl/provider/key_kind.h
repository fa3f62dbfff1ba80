#pragma once

#include <optional>
#include <span>

#include "keystore/key_type.h"

namespace keystore::provider {

/// The key types that have a key manager here.
enum class KeyKind { rsa, rsa_pss, ec, ed25519, ed448, x25519, x448 };

constexpr bool is_montgomery(KeyKind kind) {
  return kind == KeyKind::x25519 || kind == KeyKind::x448;
}

/// Those that are offered, with or without X25519 and X448 (Provider::montgomery).
std::span<const KeyKind> offered_kinds(bool montgomery) noexcept;

/// What `make.operator()<kind>()` gives: for tables whose functions know their kind.
template <class Make>
auto with_kind(KeyKind kind, const Make& make) {
  switch (kind) {
    case KeyKind::rsa:
      return make.template operator()<KeyKind::rsa>();
    case KeyKind::rsa_pss:
      return make.template operator()<KeyKind::rsa_pss>();
    case KeyKind::ec:
      return make.template operator()<KeyKind::ec>();
    case KeyKind::ed25519:
      return make.template operator()<KeyKind::ed25519>();
    case KeyKind::ed448:
      return make.template operator()<KeyKind::ed448>();
    case KeyKind::x25519:
      return make.template operator()<KeyKind::x25519>();
    case KeyKind::x448:
      break;
  }
  return make.template operator()<KeyKind::x448>();
}

/// OpenSSL's main name: "RSA", "RSA-PSS", "EC", "ED25519", …
const char* type_name(KeyKind kind) noexcept;
/// With every alias, as algorithm tables want it. libssl finds the certificate slot through them.
const char* all_names(KeyKind kind) noexcept;
/// Not set for types that have no key manager here.
std::optional<KeyKind> kind_of(const KeyShape& shape) noexcept;

}  // namespace keystore::provider
