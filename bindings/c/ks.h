#ifndef KEYSTORE_KS_H
#define KEYSTORE_KS_H

/* Keystore in C (C99 and later): keys and certificates wherever they live. Link keystore-c.
 *
 * Rules that hold for every function here:
 *
 * - Status: an int32_t is 0 or a KS_ERROR_ code. After a failure, ks_last_error() tells the rest;
 *   nothing is written to `out` then, but sizes where said.
 *
 * - Ownership: a handle that came through `out` is the caller's, who frees it with the function
 *   named after it: ks_key with ks_key_free(). Freeing NULL does nothing. Handles stand alone: a
 *   key stays usable when its store is freed. What is returned as a pointer to const belongs to the
 *   handle it came from, and lives as long.
 *
 * - Buffers: the caller's. `*out_size` is the room in octets before the call, and what was written
 *   after it. With `out` NULL only the room that suffices is told, and nothing is done; with too
 *   little room too, as KS_ERROR_INVALID_ARGUMENT: a token is asked once.
 *
 * - Structs: those that the caller fills begin with `size`; start from their _INIT. The library's
 *   own may grow at their end, and are never allocated by callers.
 *
 * - Text: UTF-8, ends with 0. What is returned is never NULL, but "" where there is none; NULL is
 *   taken where a comment says so, and refused elsewhere.
 *
 * - Threads: every function may be called from any thread, also with one handle at once; freeing is
 *   for one thread, when no other uses the handle. After fork, handles are good in the child.
 *
 * - Secrets are never in texts. Wipe what you got with ks_wipe().
 */

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define KS_API __attribute__((visibility("default")))
#else
#define KS_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ks_store ks_store;       /* whatever holds keys or certificates */
typedef struct ks_listing ks_listing;   /* what was found in one */
typedef struct ks_key ks_key;           /* a private key, wherever it is */
typedef struct ks_identity ks_identity; /* a key with its certificate and issuers */

/* The ABI that this header describes; ks_abi_version() says that of the library. */
#define KS_ABI_VERSION 0
KS_API int32_t ks_abi_version(void);
/* "0.1.0". */
KS_API const char* ks_version(void);

/* Frozen. */
enum {
  KS_OK = 0,
  KS_ERROR_NOT_FOUND = 1,          /* no such object, token, file or name */
  KS_ERROR_AMBIGUOUS = 2,          /* the one object was asked for, and several match */
  KS_ERROR_UNSUPPORTED = 3,        /* this build, store or token cannot do it */
  KS_ERROR_INVALID_ARGUMENT = 4,   /* the caller's words are off */
  KS_ERROR_MALFORMED = 5,          /* the octets are not what they claim to be */
  KS_ERROR_PIN_REQUIRED = 6,       /* a PIN or passphrase is needed, and nobody to ask */
  KS_ERROR_PIN_INCORRECT = 7,      /* it was refused */
  KS_ERROR_PIN_LOCKED = 8,         /* the token takes no more tries, or one last one */
  KS_ERROR_ACCESS_DENIED = 9,      /* the object or file may not be used that way */
  KS_ERROR_KEY_MISMATCH = 10,      /* key and certificate do not belong together */
  KS_ERROR_NOT_TRUSTED = 11,       /* no path to a trust anchor */
  KS_ERROR_UNAVAILABLE = 12,       /* the token is away; later may work */
  KS_ERROR_INTERNAL = 13,          /* a fault of the library, or an unknown code below it */
  KS_ERROR_IO = 14,                /* reading or writing a file failed */
  KS_ERROR_ALREADY_EXISTS = 15,    /* would overwrite */
  KS_ERROR_REFUSED_BY_POLICY = 16, /* a rule of the configuration forbids it */
  KS_ERROR_TIMED_OUT = 17,         /* the deadline passed */
  KS_ERROR_CANCELLED = 18          /* the caller stopped it */
};

typedef struct ks_error {
  int32_t code;
  const char* message; /* lower case, names the object */
  const char* hint;    /* what to do about it */
  const char*
      cause_subsystem; /* where the failure was born, say "pkcs11", "C_Login", 0xA0; for logs */
  const char* cause_call;
  uint64_t cause_code;
} ks_error;

/* The newest failure of this thread; code 0 before the first. Good until the thread's next failure
 * or end. */
KS_API const ks_error* ks_last_error(void);
/* "not_found"; "unknown" for a number that is no code. */
KS_API const char* ks_error_name(int32_t code);

/* Overwrites `size` octets, whatever the compiler thinks of it. */
KS_API void ks_wipe(void* data, size_t size);

/* PINs and passphrases ------------------------------------------------------------------------- */

enum {
  KS_SECRET_TOKEN_PIN = 1,
  KS_SECRET_SO_PIN = 2,
  KS_SECRET_CONTEXT_PIN = 3,
  KS_SECRET_NEW_PIN = 4,
  KS_SECRET_PASSPHRASE = 5,
  KS_SECRET_NEW_PASSPHRASE = 6
};

typedef struct ks_secret_request {
  int32_t what;       /* KS_SECRET_… */
  const char* object; /* the token's label or the file's path */
  const char* prompt; /* "PIN for token 'prod' (final try)" */
  int32_t tries_left; /* -1 where the token does not say */
  int32_t final_try;  /* 1: one more refusal locks the token */
  const char* serial; /* of the token, where others have the same label */
} ks_secret_request;

typedef struct ks_secret_reply ks_secret_reply;

/* Answers by ks_secret_answer() and returns 0, or returns a KS_ERROR_ code, which ends the call
 * that asked. Called from the thread that asked, without any lock held; may block. May be called as
 * long as handles live that came of the options it stood in, until `release`. */
typedef int32_t (*ks_secret_callback)(void* user, const ks_secret_request* request,
                                      ks_secret_reply* reply);
/* The octets are copied; wipe your own. */
KS_API int32_t ks_secret_answer(ks_secret_reply* reply, const void* data, size_t size);

typedef struct ks_open_options {
  size_t size;               /* sizeof(ks_open_options) */
  const char* secret_source; /* "file:PATH", "cred:NAME", "prompt", "fd:N", "cmd:PROGRAM ARG", …;
                                may be NULL */
  const void* secret;        /* the PIN or passphrase itself, copied; may be NULL */
  size_t secret_size;
  ks_secret_callback ask; /* may be NULL */
  void* user;             /* for ask and release */
  void (*release)(
      void* user); /* once, when ask will not be called any more, from any thread; may be NULL */
} ks_open_options;
#define KS_OPEN_OPTIONS_INIT \
  { sizeof(ks_open_options), NULL, NULL, 0, NULL, NULL, NULL }
/* Taken in this order: what the URI names, secret_source, secret, ask, the configuration's. The
 * last try of a PIN is left to `ask`, `prompt` and the person behind them. */

/* Stores ----------------------------------------------------------------------------------------
 */

/* Opens what the URI names: PATH, file:, pfx:, system:, pkcs11: (RFC 7512), keystore:NAME. Does not
 * look for objects yet. Errors: malformed, invalid_argument, unsupported, refused_by_policy, and
 * the store's own. */
KS_API int32_t ks_store_open(const char* uri, ks_store** out);
/* `options` may be NULL. */
KS_API int32_t ks_store_open_with(const char* uri, const ks_open_options* options, ks_store** out);
KS_API void ks_store_free(ks_store* store);
/* Canonical, without PIN. */
KS_API const char* ks_store_uri(const ks_store* store);

enum {
  KS_KIND_ANY = 0,
  KS_KIND_PRIVATE_KEY = 1,
  KS_KIND_PUBLIC_KEY = 2,
  KS_KIND_CERTIFICATE = 3,
  KS_KIND_TRUST_ANCHOR = 4,
  KS_KIND_SECRET_KEY = 5
};
enum { KS_CUSTODY_FILE = 1, KS_CUSTODY_TOKEN = 2, KS_CUSTODY_SYSTEM = 3 };
enum {
  KS_KEY_NONE = 0, /* no key, or nothing known of it */
  KS_KEY_RSA = 1,
  KS_KEY_EC = 2,
  KS_KEY_ED25519 = 3,
  KS_KEY_ED448 = 4,
  KS_KEY_X25519 = 5,
  KS_KEY_X448 = 6,
  KS_KEY_DSA = 7,
  KS_KEY_OTHER = 8
};

typedef struct ks_bytes {
  const uint8_t* data; /* may be NULL where size is 0 */
  size_t size;
} ks_bytes;

typedef struct ks_certificate {
  ks_bytes der;
  const char* subject; /* RFC 2253 */
  const char* issuer;
  const char* serial; /* hexadecimal */
  int64_t not_before; /* seconds since 1970-01-01 UTC */
  int64_t not_after;
  ks_bytes sha256;
  const char* const* names; /* "dns:example.org", "ip:192.0.2.1", "email:a@b", "uri:…" */
  size_t name_count;
} ks_certificate;

typedef struct ks_attribute {
  const char* name;
  const char* value;
} ks_attribute;

typedef struct ks_entry {
  const char* uri;
  int32_t kind; /* KS_KIND_… */
  const char* label;
  ks_bytes id;
  int32_t custody;     /* KS_CUSTODY_… */
  int32_t extractable; /* 1: may leave its store */
  int32_t key_type;    /* KS_KEY_…; of a certificate, its key's */
  uint32_t key_bits;
  const char* key_curve; /* "P-256" */
  ks_bytes public_key;   /* SubjectPublicKeyInfo, DER; empty where the store shows none */
  ks_bytes spki_sha256;
  const ks_certificate* certificate; /* NULL where it is none */
  const ks_attribute* attributes;
  size_t attribute_count;
} ks_entry;

/* What to look for; every field that is set must match. */
typedef struct ks_query {
  size_t size;       /* sizeof(ks_query) */
  int32_t kind;      /* KS_KIND_… */
  const char* label; /* exact; may be NULL */
  const uint8_t* id; /* may be NULL */
  size_t id_size;
  const uint8_t* public_key; /* SubjectPublicKeyInfo, DER; may be NULL */
  size_t public_key_size;
} ks_query;
#define KS_QUERY_INIT \
  { sizeof(ks_query), KS_KIND_ANY, NULL, NULL, 0, NULL, 0 }

/* Every matching object; `query` NULL: all. Finding none is no error. */
KS_API int32_t ks_store_list(const ks_store* store, const ks_query* query, ks_listing** out);
KS_API void ks_listing_free(ks_listing* listing);
KS_API size_t ks_listing_count(const ks_listing* listing);
/* NULL from ks_listing_count() on. */
KS_API const ks_entry* ks_listing_entry(const ks_listing* listing, size_t index);
/* Objects that are there and could not be read: one bad file does not hide the good ones. */
KS_API size_t ks_listing_skipped_count(const ks_listing* listing);
KS_API const ks_error* ks_listing_skipped(const ks_listing* listing, size_t index);

/* The one private key, with `query` NULL of the whole store. Errors: not_found, ambiguous (the
 * message lists the candidates), refused_by_policy. */
KS_API int32_t ks_store_key(const ks_store* store, const ks_query* query, ks_key** out);
/* The one key with its certificate and the issuers that the store holds. Errors: as ks_store_key,
 * key_mismatch. */
KS_API int32_t ks_store_identity(const ks_store* store, const ks_query* query, ks_identity** out);

/* Keys ------------------------------------------------------------------------------------------
 */

/* The one private key that the URI names; `options` may be NULL. Errors: as ks_store_open,
 * ks_store_key. */
KS_API int32_t ks_key_open(const char* uri, const ks_open_options* options, ks_key** out);
KS_API void ks_key_free(ks_key* key);
KS_API const ks_entry* ks_key_entry(const ks_key* key);

/* IANA TLS SignatureScheme (RFC 8446, 4.2.3). */
enum {
  KS_RSA_PKCS1_SHA1 = 0x0201,
  KS_ECDSA_SHA1 = 0x0203,
  KS_RSA_PKCS1_SHA256 = 0x0401,
  KS_ECDSA_SECP256R1_SHA256 = 0x0403,
  KS_RSA_PKCS1_SHA384 = 0x0501,
  KS_ECDSA_SECP384R1_SHA384 = 0x0503,
  KS_RSA_PKCS1_SHA512 = 0x0601,
  KS_ECDSA_SECP521R1_SHA512 = 0x0603,
  KS_RSA_PSS_RSAE_SHA256 = 0x0804,
  KS_RSA_PSS_RSAE_SHA384 = 0x0805,
  KS_RSA_PSS_RSAE_SHA512 = 0x0806,
  KS_ED25519 = 0x0807,
  KS_ED448 = 0x0808,
  KS_RSA_PSS_PSS_SHA256 = 0x0809,
  KS_RSA_PSS_PSS_SHA384 = 0x080a,
  KS_RSA_PSS_PSS_SHA512 = 0x080b
};

/* IANA's name, "rsa_pss_rsae_sha256"; "unknown" for other numbers. */
KS_API const char* ks_scheme_name(uint16_t scheme);
/* Errors: invalid_argument, listing the names. */
KS_API int32_t ks_scheme_parse(const char* name, uint16_t* out);
/* What the key signs with, best first. */
KS_API const uint16_t* ks_key_schemes(const ks_key* key, size_t* count);

/* Signs `data`, hashing it as the scheme says. ECDSA signatures are DER (RFC 3279, 2.2.3). May ask
 * for a PIN and wait for a touch. `timeout_ms` bounds waiting and retries, 0: 2000. Errors:
 * invalid_argument (a scheme that the key does not have), pin_…, unavailable, timed_out. */
KS_API int32_t ks_key_sign(const ks_key* key, uint16_t scheme, const void* data, size_t size,
                           uint32_t timeout_ms, uint8_t* out, size_t* out_size);

enum { /* digests; SHA-512/224 and SHA-512/256 are FIPS 180-4, 6.6 */
       KS_DIGEST_NONE = 0,
       KS_DIGEST_SHA1 = 1,
       KS_DIGEST_SHA224 = 2,
       KS_DIGEST_SHA256 = 3,
       KS_DIGEST_SHA384 = 4,
       KS_DIGEST_SHA512 = 5,
       KS_DIGEST_SHA3_224 = 6,
       KS_DIGEST_SHA3_256 = 7,
       KS_DIGEST_SHA3_384 = 8,
       KS_DIGEST_SHA3_512 = 9,
       KS_DIGEST_SHA512_224 = 10,
       KS_DIGEST_SHA512_256 = 11
};
enum {
  KS_SIGN_RSA_PKCS1 = 0, /* RFC 8017, 8.2 */
  KS_SIGN_RSA_PSS = 1,   /* RFC 8017, 8.1 */
  KS_SIGN_RSA_RAW = 2,   /* the private operation alone; the input is as long as the modulus */
  KS_SIGN_ECDSA = 3,
  KS_SIGN_EDDSA = 4 /* the input is the message */
};
enum {
  KS_INPUT_MESSAGE = 0,
  KS_INPUT_DIGEST = 1,      /* hashed with `digest` already */
  KS_INPUT_DIGEST_INFO = 2, /* PKCS#1: padded as it is */
  KS_INPUT_RAW = 3          /* KS_SIGN_RSA_RAW */
};

/* All that can be said of a signature. */
typedef struct ks_sign_spec {
  size_t size; /* sizeof(ks_sign_spec) */
  int32_t algorithm;
  int32_t input;
  int32_t digest;
  int32_t mgf_digest;     /* KS_DIGEST_NONE: same as digest */
  int32_t salt_length;    /* octets; -1: the digest's size */
  const uint8_t* context; /* Ed25519ctx, Ed448 (RFC 8032); may be NULL */
  size_t context_size;
} ks_sign_spec;
#define KS_SIGN_SPEC_INIT                                                                       \
  {                                                                                             \
    sizeof(ks_sign_spec), KS_SIGN_RSA_PKCS1, KS_INPUT_DIGEST, KS_DIGEST_SHA256, KS_DIGEST_NONE, \
        -1, NULL, 0                                                                             \
  }

/* 1: the key makes such signatures where it lives, as far as known without asking. */
KS_API int32_t ks_key_can_sign(const ks_key* key, const ks_sign_spec* spec);
/* For those who have a digest or a padding of their own; `data` is what spec->input says. Errors:
 * as ks_key_sign, unsupported. */
KS_API int32_t ks_key_sign_digest(const ks_key* key, const ks_sign_spec* spec, const void* data,
                                  size_t size, uint32_t timeout_ms, uint8_t* out, size_t* out_size);

enum { KS_DECRYPT_RSA_PKCS1 = 0, KS_DECRYPT_RSA_OAEP = 1, KS_DECRYPT_RSA_RAW = 2 };

typedef struct ks_decrypt_spec {
  size_t size; /* sizeof(ks_decrypt_spec) */
  int32_t encryption;
  int32_t digest;       /* OAEP */
  int32_t mgf_digest;   /* OAEP; KS_DIGEST_NONE: same as digest */
  const uint8_t* label; /* OAEP; may be NULL */
  size_t label_size;
} ks_decrypt_spec;
#define KS_DECRYPT_SPEC_INIT \
  { sizeof(ks_decrypt_spec), KS_DECRYPT_RSA_OAEP, KS_DIGEST_SHA256, KS_DIGEST_NONE, NULL, 0 }

/* `out` gets a secret. Errors: as ks_key_sign, malformed when it does not decrypt. */
KS_API int32_t ks_key_decrypt(const ks_key* key, const ks_decrypt_spec* spec, const void* data,
                              size_t size, uint32_t timeout_ms, uint8_t* out, size_t* out_size);
/* The raw secret shared with `peer`, a SubjectPublicKeyInfo in DER (SEC 1, 3.3.1; RFC 7748).
 * Errors: as ks_key_sign, malformed, invalid_argument (other type or curve). */
KS_API int32_t ks_key_derive(const ks_key* key, const void* peer, size_t peer_size,
                             uint32_t timeout_ms, uint8_t* out, size_t* out_size);

/* Identities ------------------------------------------------------------------------------------
 */

/* The key at `uri` with its certificates, from the store at `certificates` where that is not NULL,
 * else beside the key; `options`, for both, may be NULL. Errors: as ks_store_identity. */
KS_API int32_t ks_identity_open(const char* uri, const char* certificates,
                                const ks_open_options* options, ks_identity** out);
KS_API void ks_identity_free(ks_identity* identity);
/* A handle of its own. */
KS_API int32_t ks_identity_key(const ks_identity* identity, ks_key** out);
/* The leaf, and its issuers without the root. */
KS_API size_t ks_identity_certificate_count(const ks_identity* identity);
/* The leaf is 0; NULL from the count on. */
KS_API const ks_certificate* ks_identity_certificate(const ks_identity* identity, size_t index);
/* Signs once, and the leaf's key verifies. Errors: key_mismatch, as ks_key_sign. */
KS_API int32_t ks_identity_prove(const ks_identity* identity, uint32_t timeout_ms);

/* Log -------------------------------------------------------------------------------------------
 */

enum { KS_LOG_ERROR = 0, KS_LOG_WARNING = 1, KS_LOG_INFO = 2, KS_LOG_DEBUG = 3 };
typedef void (*ks_log_callback)(void* user, int32_t level, const char* line);
/* Sends log lines to `sink`, from any thread, until the next call; NULL: to where the configuration
 * says. */
KS_API void ks_set_log_sink(ks_log_callback sink, void* user);

#ifdef __cplusplus
}
#endif

#endif
