#include "bindings/openssl/provider/decoder.h"

#include <openssl/bio.h>
#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/core_object.h>
#include <openssl/params.h>

#include <array>

#include "bindings/openssl/provider/dispatch/entry.h"
#include "bindings/openssl/provider/dispatch/guard.h"
#include "bindings/openssl/provider/dispatch/in_store.h"
#include "bindings/openssl/provider/key_object.h"
#include "bindings/openssl/provider/open_referenced.h"
#include "bindings/openssl/provider/pem_scan.h"
#include "keystore/reference.h"

namespace keystore::provider {
namespace {

constexpr const char* reference_structure = "KeystoreKeyReference";
constexpr std::size_t largest_reference = 64 * 1024;
constexpr std::uint8_t der_sequence = 0x30;

/// How often a reference came as DER on this thread: tells whether a store, which was handed one,
/// has come back with it.
thread_local unsigned der_references = 0;

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

bool starts_with_der(const Core& core, OSSL_CORE_BIO* input) {
  const long start = core.bio_ctrl(input, BIO_C_FILE_TELL, 0, nullptr);
  std::uint8_t first = 0;
  std::size_t size = 0;
  const bool read = core.bio_read_ex(input, &first, 1, &size) == 1 && size == 1;
  if (start >= 0) core.bio_ctrl(input, BIO_C_FILE_SEEK, start, nullptr);
  return read && first == der_sequence;
}

// Not set: nothing of ours there, which is no failure. DER that is not ours is for other decoders
// and says nothing. A caller that says what it wants (PEM_read_bio_PrivateKey) wants one key, so
// blocks before it are passed over: OpenSSL 3.0 itself gives up there when an old error is in its
// queue. One that takes everything (a store) gets block after block.
std::optional<Result<Reference>> next_reference(const Core& core, OSSL_CORE_BIO* input,
                                                int selection) {
  if (starts_with_der(core, input)) {
    auto reference = Reference::parse(Reference::pem_label, read_all(core, input));
    if (!reference) return {};
    ++der_references;
    return reference;
  }
  const auto pem = scan_for_reference(core, input, selection != 0);
  if (!pem) return {};
  return Reference::parse_pem(*pem);
}

/// What a store takes: it decodes the DER with a context of its own, which comes back here.
Result<Bytes> der_for_stores(const Provider& provider, Reference read,
                             const LoadPassphrase& passphrase) {
  const auto reference = checked(std::move(read), passphrase);
  if (!reference) return Failure(reference.error());
  if (const auto kind = offered_kind(provider, reference->public_key, reference->uri); !kind) {
    return Failure(kind.error());
  }
  return reference->to_der();
}

int hand_on(Bytes der, OSSL_CALLBACK* callback, void* argument) {
  int type = OSSL_OBJECT_PKEY;
  const OSSL_PARAM params[] = {
      OSSL_PARAM_construct_int(OSSL_OBJECT_PARAM_TYPE, &type),
      OSSL_PARAM_construct_utf8_string(OSSL_OBJECT_PARAM_DATA_STRUCTURE,
                                       const_cast<char*>(reference_structure), 0),
      OSSL_PARAM_construct_octet_string(OSSL_OBJECT_PARAM_DATA, der.data(), der.size()),
      OSSL_PARAM_construct_end()};
  return callback(params, argument);
}

// Who says nothing of what it wants may be a store, which takes no key: it gets data first, which
// others refuse. A store that came back has had its key, or its error.
int decode_reference(const Provider& provider, const Reference& reference, int selection,
                     OSSL_CALLBACK* callback, void* argument, const LoadPassphrase& passphrase) {
  if (selection == 0) {
    auto der = in_store([&] { return der_for_stores(provider, reference, passphrase); });
    if (!der) {
      raise(provider, der.error());
      return 0;
    }
    const auto before = der_references;
    const bool taken = hand_on(*std::move(der), callback, argument) == 1;
    if (taken || der_references != before) return taken ? 1 : 0;
  }
  const auto key = in_store([&] { return open_referenced(reference, passphrase); });
  if (key) return emit_key(provider, *key, callback, argument) ? 1 : 0;
  raise(provider, key.error());
  return 0;
}

// The selections that a reference can serve: unspecified ones and those with a private key.
int does_selection(void*, int selection) noexcept {
  return selection == 0 || (selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0;
}

int decode(void* context, OSSL_CORE_BIO* input, int selection, OSSL_CALLBACK* callback,
           void* argument, OSSL_PASSPHRASE_CALLBACK* ask, void* ask_argument) noexcept {
  const auto& provider = *static_cast<const Provider*>(context);
  return store_guard(provider, 0, [&] {
    if (!does_selection(context, selection)) return 1;
    const auto reference =
        in_store([&] { return next_reference(provider.core(), input, selection); });
    if (!reference) return 1;
    if (!*reference) {
      raise(provider, reference->error());
      return 0;
    }
    const LoadPassphrase passphrase(ask, ask_argument);
    return decode_reference(provider, **reference, selection, callback, argument, passphrase);
  });
}

// A decoder has no state of its own: the provider serves as its context.
void* create(void* provider) noexcept { return provider; }
void release(void*) noexcept {}

// The key does not leave its store.
int export_object(void*, const void*, std::size_t, OSSL_CALLBACK*, void*) noexcept { return 0; }

}  // namespace

const OSSL_DISPATCH* decoder_table() noexcept {
  static const std::array rows = {
      entry<OSSL_FUNC_decoder_newctx_fn>(OSSL_FUNC_DECODER_NEWCTX, create),
      entry<OSSL_FUNC_decoder_freectx_fn>(OSSL_FUNC_DECODER_FREECTX, release),
      entry<OSSL_FUNC_decoder_does_selection_fn>(OSSL_FUNC_DECODER_DOES_SELECTION, does_selection),
      entry<OSSL_FUNC_decoder_decode_fn>(OSSL_FUNC_DECODER_DECODE, decode),
      entry<OSSL_FUNC_decoder_export_object_fn>(OSSL_FUNC_DECODER_EXPORT_OBJECT, export_object),
      last_entry};
  return rows.data();
}

}  // namespace keystore::provider
