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
  const ks_identity* identity; /* one that is there already, in place of both; else NULL. A rotator
                                  finds one of ks_identity_open() again, with its options */
} ks_tls_source;

enum { KS_TLS_SERVER = 0, KS_TLS_CLIENT = 1 };
/* Whether a server asks its clients for a certificate. Whatever is shown must be good. */
enum {
  KS_TLS_CLIENT_CERTIFICATE_NONE = 0,
  KS_TLS_CLIENT_CERTIFICATE_OPTIONAL = 1,
  KS_TLS_CLIENT_CERTIFICATE_REQUIRED = 2
};

enum { KS_TLS_1_2 = 0, KS_TLS_1_3 = 1 };

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
  const char* const* crls;         /* files of revocation lists for what peers show, PEM or DER */
  size_t crl_count;
  const char* crl_check; /* whose revocation must be known: "none", "leaf", "chain"; NULL: with
                            lists, the last, else the first */
  int32_t soft_fail;     /* 1: a revocation status that no list tells is no reason to refuse */
  int32_t min_version;   /* KS_TLS_1_2, KS_TLS_1_3 */
  int32_t max_version;
  const char* tls12_ciphers;      /* as openssl-ciphers(1); NULL: those with ECDHE and AEAD */
  const char* tls13_ciphersuites; /* NULL: OpenSSL's */
  int32_t identities_only; /* 1: sets what is shown, and leaves all else as the program has it:
                              versions, ciphers, and whom it believes */
} ks_tls_options;
#define KS_TLS_OPTIONS_INIT                                                                        \
  {                                                                                                \
    sizeof(ks_tls_options), KS_TLS_SERVER, NULL, 0, NULL, 0, KS_TLS_CLIENT_CERTIFICATE_NONE, NULL, \
        0, NULL, NULL, NULL, 0, NULL, 0, KS_TLS_1_2, KS_TLS_1_3, NULL, NULL, 0                     \
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

/* What came of a change. */
typedef struct ks_rotation_report {
  const char* source;         /* the URI of the key, "trust" or "configuration" */
  const ks_error* error;      /* why what was good before stays in use; else NULL */
  const ks_certificate* leaf; /* what new handshakes show, where an identity changed; else NULL */
} ks_rotation_report;
/* Called from the rotator's thread, which waits for it; must not free the rotator. What it is given
 * is good until it returns. */
typedef void (*ks_rotation_callback)(void* user, const ks_rotation_report* report);

typedef struct ks_rotator_options {
  size_t size;                 /* sizeof(ks_rotator_options) */
  ks_rotation_callback report; /* may be NULL */
  void* user;
  uint32_t settle_ms; /* files are loaded when they have not changed for so long; 0: 200 */
  uint32_t poll_ms;   /* how often files are looked at though nothing told of a change, and what
                         failed is tried again; 0: 10000 */
} ks_rotator_options;
#define KS_ROTATOR_OPTIONS_INIT \
  { sizeof(ks_rotator_options), NULL, NULL, 0, 0 }
/* `options` may be NULL. */
KS_API int32_t ks_rotator_start_with(struct ssl_ctx_st* context, const ks_rotator_options* options,
                                     ks_rotator** out);
/* Looks now, though no file changed: for keys replaced on a token. */
KS_API void ks_rotator_check(ks_rotator* rotator);

/* For bindings of languages whose TLS module hides its SSL_CTX: the one that this thread has made
 * last since ks_tls_watch_contexts(); NULL where there was none, or by another libssl than the one
 * this library is linked with. Borrowed: whoever made it may free it. */
KS_API int32_t ks_tls_watch_contexts(void);
KS_API struct ssl_ctx_st* ks_tls_newest_context(void);

#ifdef __cplusplus
}
#endif

#endif
