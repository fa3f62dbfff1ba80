#pragma once

#include <memory>

#include "keystore/api.h"
#include "keystore/identity.h"
#include "keystore/key.h"
#include "keystore/result.h"

// OpenSSL's own headers are not needed to include this one.
struct evp_pkey_st;
struct ssl_ctx_st;
struct ossl_lib_ctx_st;

/// Keys and identities for applications that call OpenSSL themselves. The private half stays where
/// it is: OpenSSL asks us for every operation, in this process, without any configuration file.
namespace keystore::openssl {

struct KEYSTORE_API FreePkey {
  void operator()(evp_pkey_st* pkey) const noexcept;
};

struct KEYSTORE_API FreeSslCtx {
  void operator()(ssl_ctx_st* context) const noexcept;
};

/// An EVP_PKEY; `release()` hands it to code that frees it with EVP_PKEY_free.
using PkeyPtr = std::unique_ptr<evp_pkey_st, FreePkey>;
/// An SSL_CTX; `release()` hands it to code that frees it with SSL_CTX_free.
using SslCtxPtr = std::unique_ptr<ssl_ctx_st, FreeSslCtx>;

/// `key` as an EVP_PKEY of `context` (null: the application's default context), where it works
/// beside every other key: TLS, CMS, certificate requests. It shares the key and may outlive it.
/// Adds our built-in provider "keystore-app" to the context, after the ones that are there.
/// Errors: unsupported for a type that OpenSSL cannot use this way and for a key that shows no
/// public half; internal when the context takes no provider.
KEYSTORE_API Result<PkeyPtr> pkey(const Key& key, ossl_lib_ctx_st* context = nullptr);

/// A context for TLS 1.2 and later, as server, that shows leaf and chain of `identity`. It asks
/// clients for no certificate. Errors: as pkey().
KEYSTORE_API Result<SslCtxPtr> server_context(const Identity& identity);

/// A context for TLS 1.2 and later, as client, that shows leaf and chain of `identity` when asked.
/// It verifies the server against the system's trusted certificates; the host name is the
/// caller's to set (SSL_set1_host). Errors: as pkey().
KEYSTORE_API Result<SslCtxPtr> client_context(const Identity& identity);

}  // namespace keystore::openssl
