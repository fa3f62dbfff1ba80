#include <openssl/core_names.h>
#include <openssl/core_object.h>

#include <array>

#include "bindings/openssl/provider/decoder.h"
#include "bindings/openssl/provider/dispatch/entry.h"
#include "bindings/openssl/provider/dispatch/guard.h"
#include "bindings/openssl/provider/dispatch/in_store.h"
#include "bindings/openssl/provider/open_referenced.h"
#include "bindings/openssl/provider/pem_scan.h"
#include "keystore/reference.h"

namespace keystore::provider {
namespace {

struct DecodedReference {
  KeyKind kind;
  Bytes der;
};

Result<DecodedReference> decode(const std::string& pem, const LoadPassphrase& passphrase) {
  auto parsed = Reference::parse_pem(pem);
  if (!parsed) return Failure(parsed.error());
  const auto reference = checked(*std::move(parsed), passphrase);
  if (!reference) return Failure(reference.error());
  if (!reference->public_key) {
    return fail(
        Errc::unsupported,
        "the key at " + reference->uri.canonical() + " shows no public half, which OpenSSL needs",
        "store its public key or its certificate beside it, with the same id");
  }
  auto der = reference->to_der();
  if (!der) return Failure(der.error());
  const auto kind = kind_of(reference->public_key->shape());
  if (!kind) return fail(Errc::unsupported, "the key reference is of a type that is not handled");
  return DecodedReference{*kind, *std::move(der)};
}

int hand_on(const DecodedReference& reference, OSSL_CALLBACK* callback, void* argument) {
  int type = OSSL_OBJECT_PKEY;
  const OSSL_PARAM params[] = {
      OSSL_PARAM_construct_int(OSSL_OBJECT_PARAM_TYPE, &type),
      OSSL_PARAM_construct_utf8_string(OSSL_OBJECT_PARAM_DATA_TYPE,
                                       const_cast<char*>(type_name(reference.kind)), 0),
      OSSL_PARAM_construct_utf8_string(OSSL_OBJECT_PARAM_DATA_STRUCTURE,
                                       const_cast<char*>(reference_structure), 0),
      OSSL_PARAM_construct_octet_string(OSSL_OBJECT_PARAM_DATA,
                                        const_cast<std::uint8_t*>(reference.der.data()),
                                        reference.der.size()),
      OSSL_PARAM_construct_end()};
  return callback(params, argument);
}

int decode_pem(void* context, OSSL_CORE_BIO* input, int selection, OSSL_CALLBACK* callback,
               void* argument, OSSL_PASSPHRASE_CALLBACK* ask, void* ask_argument) noexcept {
  const auto& provider = *static_cast<const Provider*>(context);
  return guard(provider, 0, [&] {
    if (!decoder_does_selection(context, selection)) return 1;
    const auto pem = scan_for_reference(provider.core(), input, false);
    if (!pem) return 1;
    const LoadPassphrase passphrase(ask, ask_argument);
    const auto reference = in_store([&] { return decode(*pem, passphrase); });
    if (reference) return hand_on(*reference, callback, argument);
    raise(provider, reference.error());
    return 0;
  });
}

}  // namespace

const OSSL_DISPATCH* pem_decoder_table() noexcept {
  static const std::array rows = {
      entry<OSSL_FUNC_decoder_newctx_fn>(OSSL_FUNC_DECODER_NEWCTX, decoder_new),
      entry<OSSL_FUNC_decoder_freectx_fn>(OSSL_FUNC_DECODER_FREECTX, decoder_free),
      entry<OSSL_FUNC_decoder_does_selection_fn>(OSSL_FUNC_DECODER_DOES_SELECTION,
                                                 decoder_does_selection),
      entry<OSSL_FUNC_decoder_decode_fn>(OSSL_FUNC_DECODER_DECODE, decode_pem), last_entry};
  return rows.data();
}

}  // namespace keystore::provider
