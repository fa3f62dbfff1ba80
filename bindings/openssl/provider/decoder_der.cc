#include <array>

#include "bindings/openssl/provider/decoder.h"
#include "bindings/openssl/provider/dispatch/entry.h"
#include "bindings/openssl/provider/dispatch/guard.h"
#include "bindings/openssl/provider/dispatch/in_store.h"
#include "bindings/openssl/provider/key_object.h"
#include "bindings/openssl/provider/open_referenced.h"
#include "keystore/reference.h"

namespace keystore::provider {
namespace {

constexpr std::size_t largest_reference = 64 * 1024;

Bytes read_all(const Core& core, OSSL_CORE_BIO* input) {
  Bytes all;
  std::array<std::uint8_t, 4096> part = {};
  std::size_t size = 0;
  while (all.size() <= largest_reference &&
         core.bio_read_ex(input, part.data(), part.size(), &size) == 1 && size > 0) {
    all.insert(all.end(), part.begin(), part.begin() + static_cast<std::ptrdiff_t>(size));
  }
  return all;
}

template <KeyKind kind>
int decode_der(void* context, OSSL_CORE_BIO* input, int selection, OSSL_CALLBACK* callback,
               void* argument, OSSL_PASSPHRASE_CALLBACK* ask, void* ask_argument) noexcept {
  const auto& provider = *static_cast<const Provider*>(context);
  return guard(provider, 0, [&] {
    if (!decoder_does_selection(context, selection)) return 1;
    const auto der = read_all(provider.core(), input);
    const auto reference = in_store([&] { return Reference::parse(Reference::pem_label, der); });
    // Not a reference, or one for the decoder of another type: no failure.
    if (!reference || !reference->public_key) return 1;
    if (kind_of(reference->public_key->shape()) != kind) return 1;
    const LoadPassphrase passphrase(ask, ask_argument);
    const auto key = in_store([&] { return open_referenced(*reference, passphrase); });
    if (key) return emit_key(provider, *key, callback, argument) ? 1 : 0;
    raise(provider, key.error());
    return 0;
  });
}

template <KeyKind kind>
const OSSL_DISPATCH* table() noexcept {
  static const std::array rows = {
      entry<OSSL_FUNC_decoder_newctx_fn>(OSSL_FUNC_DECODER_NEWCTX, decoder_new),
      entry<OSSL_FUNC_decoder_freectx_fn>(OSSL_FUNC_DECODER_FREECTX, decoder_free),
      entry<OSSL_FUNC_decoder_does_selection_fn>(OSSL_FUNC_DECODER_DOES_SELECTION,
                                                 decoder_does_selection),
      entry<OSSL_FUNC_decoder_decode_fn>(OSSL_FUNC_DECODER_DECODE, decode_der<kind>),
      entry<OSSL_FUNC_decoder_export_object_fn>(OSSL_FUNC_DECODER_EXPORT_OBJECT,
                                                decoder_export_object),
      last_entry};
  return rows.data();
}

}  // namespace

const OSSL_DISPATCH* reference_decoder_table(KeyKind kind) noexcept {
  return with_kind(kind, []<KeyKind known>() { return table<known>(); });
}

}  // namespace keystore::provider
