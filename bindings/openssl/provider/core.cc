#include "bindings/openssl/provider/core.h"

#include <openssl/params.h>
#include <strings.h>

#include <algorithm>
#include <array>

namespace keystore::provider {
namespace {

template <class Function>
void take(const OSSL_DISPATCH& entry, Function*& slot) {
  slot = reinterpret_cast<Function*>(entry.function);
}

}  // namespace

Core::Core(const OSSL_DISPATCH* offered) {
  for (const auto* entry = offered; entry->function_id != 0; ++entry) {
    switch (entry->function_id) {
      case OSSL_FUNC_CORE_GET_PARAMS:
        take(*entry, get_params);
        break;
      case OSSL_FUNC_CORE_NEW_ERROR:
        take(*entry, new_error);
        break;
      case OSSL_FUNC_CORE_SET_ERROR_DEBUG:
        take(*entry, set_error_debug);
        break;
      case OSSL_FUNC_CORE_VSET_ERROR:
        take(*entry, vset_error);
        break;
      case OSSL_FUNC_BIO_READ_EX:
        take(*entry, bio_read_ex);
        break;
      case OSSL_FUNC_BIO_WRITE_EX:
        take(*entry, bio_write_ex);
        break;
      case OSSL_FUNC_BIO_GETS:
        take(*entry, bio_gets);
        break;
      case OSSL_FUNC_BIO_CTRL:
        take(*entry, bio_ctrl);
        break;
      default:
        break;
    }
  }
}

bool Core::complete() const noexcept {
  return get_params && new_error && set_error_debug && vset_error && bio_read_ex && bio_write_ex &&
         bio_gets && bio_ctrl;
}

bool Core::switched_on(const OSSL_CORE_HANDLE* handle, const char* name) const noexcept {
  char* value = nullptr;
  OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_ptr(name, &value, 0),
                         OSSL_PARAM_construct_end()};
  if (get_params(handle, params) != 1 || value == nullptr) return false;
  constexpr std::array words = {"yes", "on", "true", "1"};
  return std::ranges::any_of(words, [&](const char* word) { return strcasecmp(word, value) == 0; });
}

}  // namespace keystore::provider
