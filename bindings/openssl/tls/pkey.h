#pragma once

#include <memory>

#include "keystore/api.h"
#include "keystore/key.h"
#include "keystore/result.h"

// OpenSSL's own headers are not needed to include this one.
struct evp_pkey_st;
struct ossl_lib_ctx_st;

/// Keys for applications that call OpenSSL themselves. The private half stays where it is: OpenSSL
/// asks us for every operation, in this process, without any configuration file.
namespace keystore::openssl {

struct KEYSTORE_API FreePkey {
  void operator()(evp_pkey_st* pkey) const noexcept;
};

/// An EVP_PKEY; `release()` hands it to code that frees it with EVP_PKEY_free.
using PkeyPtr = std::unique_ptr<evp_pkey_st, FreePkey>;

/// `key` as an EVP_PKEY of `context` (null: the application's default context), where it works
/// beside every other key: TLS, CMS, certificate requests. It shares the key and may outlive it.
/// Adds our built-in provider "keystore-app" to the context, after the ones that are there.
/// Errors: unsupported for a type that OpenSSL cannot use this way and for a key that shows no
/// public half; internal when the context takes no provider.
KEYSTORE_API Result<PkeyPtr> pkey(const Key& key, ossl_lib_ctx_st* context = nullptr);

}  // namespace keystore::openssl
