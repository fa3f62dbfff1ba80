#include <charconv>
#include <string>

#include "keystore/backend.h"
#include "keystore/entry.h"
#include "keystore/key_type.h"
#include "keystore/query.h"

namespace keystore {
namespace {

constexpr std::string_view rsa_prefix = "rsa:";
constexpr unsigned min_generated_rsa_bits = 1024;
constexpr unsigned max_generated_rsa_bits = 16384;

Result<KeySpec> parse_rsa(std::string_view text) {
  const auto digits = text.substr(rsa_prefix.size());
  unsigned bits = 0;
  const auto* end = digits.data() + digits.size();
  const auto [stop, problem] = std::from_chars(digits.data(), end, bits);
  if (problem != std::errc() || stop != end || bits < min_generated_rsa_bits ||
      bits > max_generated_rsa_bits) {
    return fail(Errc::invalid_argument,
                "key type '" + std::string(text) + "' needs 1024 to 16384 bits after rsa:",
                "write rsa:3072");
  }
  return KeySpec{.type = KeyType::rsa, .bits = bits};
}

}  // namespace

std::string_view to_string(KeyType type) noexcept {
  switch (type) {
    case KeyType::rsa:
      return "rsa";
    case KeyType::ec:
      return "ec";
    case KeyType::ed25519:
      return "ed25519";
    case KeyType::ed448:
      return "ed448";
    case KeyType::x25519:
      return "x25519";
    case KeyType::x448:
      return "x448";
    case KeyType::dsa:
      return "dsa";
    case KeyType::other:
      return "other";
  }
  return "other";
}

std::string_view to_string(EntryKind kind) noexcept {
  switch (kind) {
    case EntryKind::private_key:
      return "private-key";
    case EntryKind::public_key:
      return "public-key";
    case EntryKind::certificate:
      return "certificate";
    case EntryKind::trust_anchor:
      return "trust-anchor";
    case EntryKind::secret_key:
      return "secret-key";
  }
  return "private-key";
}

std::string_view to_string(Custody custody) noexcept {
  switch (custody) {
    case Custody::file:
      return "file";
    case Custody::token:
      return "token";
    case Custody::system:
      return "system";
  }
  return "file";
}

Result<KeySpec> KeySpec::parse(std::string_view text) {
  if (text.starts_with(rsa_prefix)) return parse_rsa(text);
  if (text == "ec:p256") return KeySpec{.type = KeyType::ec, .curve = "P-256"};
  if (text == "ec:p384") return KeySpec{.type = KeyType::ec, .curve = "P-384"};
  if (text == "ec:p521") return KeySpec{.type = KeyType::ec, .curve = "P-521"};
  if (text == "ed25519") return KeySpec{.type = KeyType::ed25519};
  if (text == "ed448") return KeySpec{.type = KeyType::ed448};
  return fail(Errc::invalid_argument, "unknown key type '" + std::string(text) + "'",
              "known are rsa:BITS, ec:p256, ec:p384, ec:p521, ed25519, ed448");
}

}  // namespace keystore
