#pragma once

#include <array>

#include "keystore/api.h"
#include "keystore/internal/openssl_ptr.h"
#include "keystore/key_type.h"
#include "keystore/operation.h"
#include "keystore/result.h"
#include "keystore/sign_spec.h"

namespace keystore {

/// Whether a key of this shape can take `spec` at all and `input` has the size it needs. Errors:
/// invalid_argument.
KEYSTORE_API Result<void> check_sign_spec(const KeyShape& shape, const SignSpec& spec,
                                          BytesView input);

/// The digest that RSA-PSS and OAEP use in MGF1, and the salt's octets, defaults filled in.
KEYSTORE_API Digest effective_mgf_digest(const SignSpec& spec) noexcept;
KEYSTORE_API unsigned effective_salt_length(const SignSpec& spec) noexcept;

/// OpenSSL's parameters for one signature or decryption. Points into itself.
class EvpParams {
 public:
  explicit EvpParams(const SignSpec& spec);
  explicit EvpParams(const DecryptSpec& spec);
  EvpParams(const EvpParams&) = delete;
  EvpParams& operator=(const EvpParams&) = delete;
  const OSSL_PARAM* get() const noexcept { return params_.data(); }

 private:
  void add_text(const char* name, std::string_view value);

  std::array<OSSL_PARAM, 6> params_;
  std::size_t count_ = 0;
  int salt_length_ = 0;
};

/// What OpenSSL signs: `input`, hashed into `buffer` when it is a message that is not EdDSA's.
BytesView signed_octets(const SignSpec& spec, BytesView input, Bytes& buffer);

}  // namespace keystore
