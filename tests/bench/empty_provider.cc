// An OpenSSL provider that offers nothing: what it costs a program to have one more provider
// loaded.
#include <openssl/core_dispatch.h>

namespace {

const OSSL_ALGORITHM* query(void*, int, int* no_cache) {
  *no_cache = 0;
  return nullptr;
}

}  // namespace

extern "C" __attribute__((visibility("default"))) int OSSL_provider_init(const OSSL_CORE_HANDLE*,
                                                                         const OSSL_DISPATCH*,
                                                                         const OSSL_DISPATCH** out,
                                                                         void** context) {
  static const OSSL_DISPATCH table[] = {
      {OSSL_FUNC_PROVIDER_QUERY_OPERATION, reinterpret_cast<void (*)()>(query)}, {0, nullptr}};
  static int ours = 0;
  *out = table;
  *context = &ours;
  return 1;
}
