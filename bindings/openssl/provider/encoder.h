#pragma once

#include <openssl/core.h>

#include <span>
#include <string_view>

namespace keystore::provider {

/// A form that private keys are written in, and its encoder.
struct EncoderForm {
  const char* output;     ///< "pem", "der", "text"
  const char* structure;  ///< "PrivateKeyInfo", …; null for text
  const OSSL_DISPATCH* (*table)();
};

/// Encoders of private keys. For keys that live on a token they write a reference (DESIGN.md,
/// section 6), in clear because nothing in it is secret; PrivateKeyInfo DER, which callers take
/// apart, and keys of other stores are refused with a reason; text is the key's place and public
/// half. Keys of the software
/// fallback are written by the private context.
std::span<const EncoderForm> encoder_forms() noexcept;

}  // namespace keystore::provider
