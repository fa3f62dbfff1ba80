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

/// Encoders of private keys. Keys that live in a store are refused with a reason, because OpenSSL
/// alone fails without a word; as text they are their place and public half. Keys of the software
/// fallback are written by the private context.
std::span<const EncoderForm> encoder_forms() noexcept;

}  // namespace keystore::provider
