#include <openssl/core_names.h>
#include <openssl/core_object.h>
#include <openssl/params.h>

#include <array>

#include "bindings/openssl/provider/decoder.h"
#include "bindings/openssl/provider/dispatch/entry.h"
#include "bindings/openssl/provider/dispatch/guard.h"
#include "bindings/openssl/provider/pem_scan.h"
#include "bindings/openssl/provider/provider.h"

namespace keystore::provider {
namespace {

// A caller that says what it wants (PEM_read_bio_PrivateKey) wants one key, so blocks before it are
// passed over: OpenSSL 3.0 itself gives up there when an old error is in its queue. One that takes
// everything (a store) gets block after block.
int decode_block(void* context, OSSL_CORE_BIO* input, int selection, OSSL_CALLBACK* callback,
                 void* argument, OSSL_PASSPHRASE_CALLBACK*, void*) noexcept {
  const auto& provider = *static_cast<const Provider*>(context);
  return guard(provider, 0, [&] {
    if (!decoder_does_selection(context, selection)) return 1;
    auto pem = scan_for_reference(provider.core(), input, selection != 0);
    if (!pem) return 1;
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_octet_string(OSSL_OBJECT_PARAM_DATA, pem->data(), pem->size()),
        OSSL_PARAM_construct_end()};
    return callback(params, argument);
  });
}

}  // namespace

const OSSL_DISPATCH* block_decoder_table() noexcept {
  static const std::array rows = {
      entry<OSSL_FUNC_decoder_newctx_fn>(OSSL_FUNC_DECODER_NEWCTX, decoder_new),
      entry<OSSL_FUNC_decoder_freectx_fn>(OSSL_FUNC_DECODER_FREECTX, decoder_free),
      entry<OSSL_FUNC_decoder_does_selection_fn>(OSSL_FUNC_DECODER_DOES_SELECTION,
                                                 decoder_does_selection),
      entry<OSSL_FUNC_decoder_decode_fn>(OSSL_FUNC_DECODER_DECODE, decode_block), last_entry};
  return rows.data();
}

}  // namespace keystore::provider
