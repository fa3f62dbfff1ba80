#pragma once

#include <optional>
#include <string_view>

#include "keystore/secret.h"

namespace keystore::pem {

/// How the lines of a PEM body are laid out.
enum class Lines {
  any,     ///< any length, blanks inside a line are skipped (RFC 7468, 2: lax)
  strict,  ///< 64 characters each but the last, no blanks (RFC 1421, 4.3.2.4)
};

/// The octets of a PEM body. Nothing when there is a foreign character, a blank line, or padding
/// that is missing, misplaced or followed by more.
std::optional<Secret> decode_base64(std::string_view body, Lines lines);

/// In lines of 64 characters, each ended by LF.
Secret encode_base64(BytesView bytes);

}  // namespace keystore::pem
