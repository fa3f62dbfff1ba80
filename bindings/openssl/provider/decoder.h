#pragma once

#include <openssl/core.h>

#include "bindings/openssl/provider/key_kind.h"

namespace keystore::provider {

/// What one decoder calls its output and the next one its input.
inline constexpr const char* reference_block = "KeystorePem";
inline constexpr const char* reference_structure = "KeystoreKeyReference";

/// PEM to one block of it: finds the label of a key reference (DESIGN.md, section 6). A step of its
/// own, because OpenSSL tries first what it collects last, and that is what is furthest from the
/// key: so this comes before OpenSSL's own PEM decoder in every order of providers.
const OSSL_DISPATCH* block_decoder_table() noexcept;
/// That block to DER.
const OSSL_DISPATCH* pem_decoder_table() noexcept;
/// DER to key: references of one key type.
const OSSL_DISPATCH* reference_decoder_table(KeyKind kind) noexcept;

/// The selections that a reference can serve: unspecified ones and those with a private key.
int decoder_does_selection(void* provider, int selection) noexcept;
void* decoder_new(void* provider) noexcept;
void decoder_free(void* context) noexcept;
/// Refuses: the key does not leave its store.
int decoder_export_object(void* context, const void* reference, std::size_t size,
                          OSSL_CALLBACK* callback, void* argument) noexcept;

}  // namespace keystore::provider
