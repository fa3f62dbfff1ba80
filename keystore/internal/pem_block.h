#pragma once

#include <span>
#include <string>
#include <string_view>

#include "keystore/bytes.h"
#include "keystore/result.h"

namespace keystore {

struct PemBlock {
  std::string_view label = {};  ///< one of those asked for
  Bytes der = {};
};

/// The first block with one of `labels` (RFC 7468) in a text that may hold others; those are not
/// decoded. Errors: not_found, malformed (no end, not base64, headers).
Result<PemBlock> find_pem_block(std::string_view text, std::span<const std::string_view> labels);

/// One block, lines of 64 characters. Nothing secret: the text is not wiped.
std::string to_pem(std::string_view label, BytesView der);

}  // namespace keystore
