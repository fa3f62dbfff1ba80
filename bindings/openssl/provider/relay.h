#pragma once

#include <openssl/core.h>

#include <memory>

#include "keystore/bytes.h"
#include "keystore/internal/openssl_ptr.h"

namespace keystore::provider {

enum class RelayOperation { sign, verify, verify_recover, digest_sign, digest_verify };

/// A signature operation that the private context does for us, every parameter passed through: all
/// that needs a public key only, and everything about keys of the software fallback.
class Relay {
 public:
  /// Null, with OpenSSL's error raised, when it cannot begin. `digest_name` may be null.
  static std::unique_ptr<Relay> begin(RelayOperation operation, EVP_PKEY* pkey,
                                      const char* digest_name, const OSSL_PARAM params[]);
  /// In the state that this one has now; null when that fails.
  std::unique_ptr<Relay> clone() const;

  int set_params(const OSSL_PARAM params[]);
  int get_params(OSSL_PARAM params[]);
  int update(BytesView data);
  int sign_final(unsigned char* out, std::size_t* size, std::size_t capacity);
  int verify_final(BytesView signature);
  int digest_sign(unsigned char* out, std::size_t* size, std::size_t capacity, BytesView message);
  int digest_verify(BytesView signature, BytesView message);
  int sign(unsigned char* out, std::size_t* size, std::size_t capacity, BytesView digest);
  int verify(BytesView signature, BytesView digest);
  int verify_recover(unsigned char* out, std::size_t* size, std::size_t capacity,
                     BytesView signature);

 private:
  RelayOperation operation_ = RelayOperation::verify;
  EvpMdCtxPtr digesting_ = {};      ///< digest_*; owns the key context then
  EvpPkeyCtxPtr own_context_ = {};  ///< the others
  EVP_PKEY_CTX* context_ = nullptr;
};

}  // namespace keystore::provider
