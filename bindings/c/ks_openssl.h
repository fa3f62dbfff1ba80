#ifndef KEYSTORE_KS_OPENSSL_H
#define KEYSTORE_KS_OPENSSL_H

/* Keys for C programs that call OpenSSL themselves, and TLS with them. The private half stays where
 * it is. Link keystore-openssl-c and keystore-c. The rules are those of ks.h. */

#include "ks.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Of OpenSSL, whose headers are not needed here: SSL_CTX, SSL, EVP_PKEY, OSSL_LIB_CTX. */
struct ssl_ctx_st;
struct ssl_st;
struct evp_pkey_st;
struct ossl_lib_ctx_st;

/* `key` as an EVP_PKEY of `context` (NULL: the default one), freed with EVP_PKEY_free(). It shares
 * the key and may outlive it. Errors: unsupported for a key without public half. */
KS_API int32_t ks_pkey(const ks_key* key, struct ossl_lib_ctx_st* context,
                       struct evp_pkey_st** out);

/* Where an identity comes from. */
typedef struct ks_tls_source {
  const char* key;             /* URI of the key, or of key and certificates together */
  const char* certificates;    /* URI of the store with the certificates; NULL: where the key is */
  const ks_identity* identity; /* one that is there already, in place of both; else NULL */
} ks_tls_source;

enum { KS_TLS_SERVER = 0, KS_TLS_CLIENT = 1 };
/* Whether a server asks its clients for a certificate. Whatever is shown must be good. */
enum {
  KS_TLS_CLIENT_CERTIFICATE_NONE = 0,
  KS_TLS_CLIENT_CERTIFICATE_OPTIONAL = 1,
  KS_TLS_CLIENT_CERTIFICATE_REQUIRED = 2
};

typedef struct ks_tls_options {
  size_t size; /* sizeof(ks_tls_options) */
  int32_t role;
  const ks_tls_source*
      identities; /* what is shown; servers need one, and choose by the name asked for */
  size_t identity_count;
  const char* const* trust; /* URIs of stores with anchors; none: `system:` for clients */
  size_t trust_count;
  int32_t client_certificate;  /* servers */
  const char* host;            /* clients; NULL: each connection says its own, ks_tls_set_host() */
  int32_t any_host;            /* clients: 1: whoever holds a trusted certificate will do */
  const ks_open_options* open; /* for all of these URIs; may be NULL */
  struct ossl_lib_ctx_st* lib_ctx; /* that the SSL_CTX was made with; NULL: the default one */
} ks_tls_options;
#define KS_TLS_OPTIONS_INIT                                                                        \
  {                                                                                                \
    sizeof(ks_tls_options), KS_TLS_SERVER, NULL, 0, NULL, 0, KS_TLS_CLIENT_CERTIFICATE_NONE, NULL, \
        0, NULL, NULL                                                                              \
  }

/* Sets up an SSL_CTX, before its first SSL_new(): TLS 1.2 and 1.3, identities, trust. Keys and
 * certificates are proven to match. Errors: key_mismatch, access_denied (a certificate that is not
 * for this), not_trusted (not valid now), as ks_identity_open. The SSL_CTX must not be used after a
 * failure. */
KS_API int32_t ks_tls_configure(struct ssl_ctx_st* context, const ks_tls_options* options);
/* Whom this connection of a client talks to: a DNS name or an IP address. Before the handshake. */
KS_API int32_t ks_tls_set_host(struct ssl_st* connection, const char* host);

/* Shows new certificates and keys to new handshakes when the files of a context that
 * ks_tls_configure() has set up are replaced, once they are proven to fit; what came of it is in
 * the log. Ends when freed. */
typedef struct ks_rotator ks_rotator;
KS_API int32_t ks_rotator_start(struct ssl_ctx_st* context, ks_rotator** out);
KS_API void ks_rotator_free(ks_rotator* rotator);
/* Looks now, though no file changed: for keys replaced on a token. */
KS_API void ks_rotator_check(ks_rotator* rotator);

#ifdef __cplusplus
}
#endif

#endif
