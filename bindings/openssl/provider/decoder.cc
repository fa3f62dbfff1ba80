#include "bindings/openssl/provider/decoder.h"

#include <openssl/core_dispatch.h>

namespace keystore::provider {

int decoder_does_selection(void*, int selection) noexcept {
  return selection == 0 || (selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0;
}

// A decoder has no state of its own: the provider serves as its context.
void* decoder_new(void* provider) noexcept { return provider; }
void decoder_free(void*) noexcept {}

int decoder_export_object(void*, const void*, std::size_t, OSSL_CALLBACK*, void*) noexcept {
  return 0;
}

}  // namespace keystore::provider
