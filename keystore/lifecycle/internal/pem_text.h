#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace keystore::lifecycle {

/// Where one block stands in a text (RFC 7468), from its BEGIN line to behind its END line.
struct PemBlock {
  std::string_view label = {};
  std::string_view text = {};
};

/// All whole blocks, in order; borrowed from `text`.
std::vector<PemBlock> pem_blocks(std::string_view text);
/// "PRIVATE KEY", "RSA PRIVATE KEY", …
bool holds_private_key(const PemBlock& block) noexcept;

/// `text` with `reference` in front in place of its private key and what belongs to the key alone;
/// everything else stays as it is. OpenSSL 3.0 may miss a key behind certificates, hence in front.
/// A text without blocks (DER) is replaced whole.
std::string with_reference(std::string_view text, std::string_view reference);

}  // namespace keystore::lifecycle
