#pragma once

#include <openssl/core.h>

#include "bindings/openssl/provider/key_kind.h"

namespace keystore::provider {

/// The key manager (provider-keymgmt(7)) of a key type.
const OSSL_DISPATCH* keymgmt_table(KeyKind kind) noexcept;

// The parts of it. Signatures are OpenSSL's.

int keymgmt_import(void* object, int selection, const OSSL_PARAM params[]) noexcept;
int keymgmt_export(void* object, int selection, OSSL_CALLBACK* callback, void* argument) noexcept;
const OSSL_PARAM* keymgmt_transfer_types(int selection) noexcept;

template <KeyKind kind>
void* keymgmt_gen_init(void* provider, int selection, const OSSL_PARAM params[]) noexcept;
int keymgmt_gen_set_template(void* generation, void* object) noexcept;
int keymgmt_gen_set_params(void* generation, const OSSL_PARAM params[]) noexcept;
const OSSL_PARAM* keymgmt_gen_settable_params(void* generation, void* provider) noexcept;
void* keymgmt_gen(void* generation, OSSL_CALLBACK* callback, void* argument) noexcept;
void keymgmt_gen_cleanup(void* generation) noexcept;

}  // namespace keystore::provider
