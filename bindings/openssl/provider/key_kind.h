#pragma once

#include <optional>

#include "keystore/key_type.h"

namespace keystore::provider {

/// The key types that have a key manager here.
enum class KeyKind { rsa, rsa_pss, ec, ed25519, ed448 };

inline constexpr KeyKind all_kinds[] = {KeyKind::rsa, KeyKind::rsa_pss, KeyKind::ec,
                                        KeyKind::ed25519, KeyKind::ed448};

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
      break;
  }
  return make.template operator()<KeyKind::ed448>();
}

/// OpenSSL's main name: "RSA", "RSA-PSS", "EC", "ED25519", "ED448".
const char* type_name(KeyKind kind) noexcept;
/// With every alias, as algorithm tables want it. libssl finds the certificate slot through them.
const char* all_names(KeyKind kind) noexcept;
/// Not set for types that have no key manager here.
std::optional<KeyKind> kind_of(const KeyShape& shape) noexcept;

}  // namespace keystore::provider
