#include "keystore/lifecycle/internal/crypto.h"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <new>

#include "keystore/internal/lib_ctx.h"

namespace keystore::lifecycle {

std::string sha256_hex(BytesView data) {
  Bytes digest(EVP_MAX_MD_SIZE);
  std::size_t size = 0;
  if (EVP_Q_digest(private_lib_ctx(), "SHA2-256", nullptr, data.data(), data.size(), digest.data(),
                   &size) != 1) {
    throw std::bad_alloc();
  }
  digest.resize(size);
  return to_hex(digest);
}

Result<Bytes> random_bytes(std::size_t size) {
  Bytes bytes(size);
  if (RAND_bytes_ex(private_lib_ctx(), bytes.data(), size, 0) != 1) {
    return fail(Errc::internal, "cannot make random octets");
  }
  return bytes;
}

}  // namespace keystore::lifecycle
