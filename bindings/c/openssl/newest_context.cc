#include <openssl/ssl.h>

#include "bindings/c/guard.h"
#include "bindings/c/ks_openssl.h"

namespace c = keystore::c;

namespace {

constinit thread_local SSL_CTX* newest = nullptr;

// libssl tells of each SSL_CTX that it makes from then on (CRYPTO_get_ex_new_index(3)).
void remember(void* made, void*, CRYPTO_EX_DATA*, int, long, void*) {
  newest = static_cast<SSL_CTX*>(made);
}

bool is_told() {
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, remember, nullptr, nullptr);
  return index >= 0;
}

}  // namespace

int32_t ks_tls_watch_contexts() {
  return c::guard(__func__, [] {
    if (!is_told()) c::raise(keystore::Errc::internal, "OpenSSL does not tell of its TLS contexts");
    newest = nullptr;
  });
}

ssl_ctx_st* ks_tls_newest_context() { return newest; }
