#ifndef KEYSTORE_KS_VERIFY_H
#define KEYSTORE_KS_VERIFY_H

/* Certificate paths to trust anchors, and what is wrong with keys and certificates. Link
 * keystore-verify-c and keystore-c. The rules are those of ks.h; certificates and lists are given
 * as the content of their files, PEM or DER. */

#include "ks.h"

#ifdef __cplusplus
extern "C" {
#endif

#define KS_VERIFY_NOW INT64_MIN

/* How a path shall be judged. */
typedef struct ks_verify_options {
  size_t size;         /* sizeof(ks_verify_options) */
  const char* purpose; /* "server", "client", "email", "code", "ocsp", "any"; NULL: as host, ip,
                          email say */
  const char* profile; /* "rfc5280", "webpki"; NULL: the first */
  const char* host;    /* DNS name that it must be for; may be NULL, as the next two */
  const char* ip;
  const char* email;
  const char* crl_check; /* whose revocation must be known: "none", "leaf", "chain"; NULL: with
                            lists, the last */
  int32_t depth;         /* most intermediates; -1: any number */
  int32_t partial_chain; /* 1: anchors need not be self-signed */
  const char* const* policies; /* acceptable policies, OIDs; none: any */
  size_t policy_count;
  int32_t explicit_policy;
  int32_t inhibit_any_policy;
  int32_t inhibit_policy_mapping;
  int64_t at;            /* seconds since 1970-01-01 UTC; KS_VERIFY_NOW */
  const ks_bytes* chain; /* files with intermediates; none of them is trusted */
  size_t chain_count;
  const ks_bytes*
      trust; /* files with anchors; NULL: the operating system's; not NULL and none: none */
  size_t trust_count;
  const ks_bytes* distrust; /* files with certificates never to be trusted */
  size_t distrust_count;
  const ks_bytes* crls;
  size_t crl_count;
  const ks_bytes* ocsp_responses; /* DER, as a server staples them */
  size_t ocsp_response_count;
  int32_t soft_fail; /* 1: a revocation status that cannot be had is no reason to refuse */
  int32_t strict_second_opinion; /* 1: Botan has to agree, too */
  /* What may be got from the network, by http from public addresses. */
  int32_t aia;        /* 1: missing intermediates from where certificates name them */
  int32_t ocsp;       /* 1: the responders that certificates name are asked */
  int32_t ocsp_nonce; /* 1: no response is taken without the nonce that was sent */
  int32_t fetch_crl;  /* 1: the lists that certificates name, where OCSP tells nothing */
  int32_t allow_private_addresses; /* 1: from addresses that are not public, too */
  uint32_t timeout_ms;             /* of one request; 0: 5000 */
} ks_verify_options;
#define KS_VERIFY_OPTIONS_INIT                                                              \
  {                                                                                         \
    sizeof(ks_verify_options), NULL, NULL, NULL, NULL, NULL, NULL, -1, 0, NULL, 0, 0, 0, 0, \
        KS_VERIFY_NOW, NULL, 0, NULL, 0, NULL, 0, NULL, 0, NULL, 0, 0, 0, 0, 0, 0, 0, 0, 0  \
  }

enum {
  KS_OPINION_AGREES = 0,
  KS_OPINION_DISAGREES = 1,
  KS_OPINION_NONE = 2,
  KS_OPINION_NOT_ASKED = 3
};

enum {
  KS_REVOCATION_NOT_ASKED = 0,
  KS_REVOCATION_GOOD = 1,
  KS_REVOCATION_REVOKED = 2,
  KS_REVOCATION_UNKNOWN = 3
};

typedef struct ks_verdict {
  int32_t trusted;
  const char* reason;                /* "ok", or why no path is trusted */
  const ks_certificate* const* path; /* leaf first, anchor last; the best one when refused */
  size_t path_count;
  int32_t openssl_accepts;
  const char* openssl_reason;
  int32_t botan_verdict; /* KS_OPINION_… */
  const char* botan_reason;
  int32_t revocation;          /* KS_REVOCATION_…, of the certificates that were asked about */
  const ks_error* not_fetched; /* what was not to be had from the network, naming the URL */
  size_t not_fetched_count;
} ks_verdict;

typedef struct ks_verification ks_verification;

/* Looks for a path from the first certificate of the content to an anchor; more certificates in it
 * are intermediates. `options` may be NULL. One that is not trusted is no error: the verdict says
 * so. Errors: invalid_argument, malformed. */
KS_API int32_t ks_verify(const void* certificate, size_t size, const ks_verify_options* options,
                         ks_verification** out);
KS_API void ks_verification_free(ks_verification* verification);
KS_API const ks_verdict* ks_verification_verdict(const ks_verification* verification);

/* The doctor --------------------------------------------------------------------------------------
 */

enum { KS_SEVERITY_NOTE = 0, KS_SEVERITY_WARNING = 1, KS_SEVERITY_ERROR = 2 };
enum { KS_TARGET_OK = 0, KS_TARGET_WARN = 1, KS_TARGET_FAIL = 2 };

typedef struct ks_finding {
  const char* code; /* "cert.expired"; frozen */
  int32_t severity;
  const char* message;
  const char* why;         /* it matters */
  const char* fix_text;    /* what to do, for people */
  const char* fix_command; /* mends it when run in a shell; "" where no command can */
} ks_finding;

typedef struct ks_target_report {
  const char* target; /* as it was given */
  int32_t verdict;    /* KS_TARGET_… */
  const ks_finding* findings;
  size_t finding_count;
  const ks_error* error; /* why it, or a part of it, could not be judged; else NULL */
} ks_target_report;

typedef struct ks_report ks_report;

typedef struct ks_check_options {
  size_t size;                     /* sizeof(ks_check_options) */
  const ks_verify_options* verify; /* what certificates shall be good for; may be NULL */
  const ks_open_options* open;     /* how stores are opened; may be NULL */
  uint32_t soon_days;              /* fewer days left than that are a finding; 0: 30 */
  /* For servers, "tls://HOST:PORT": */
  const char* starttls; /* "smtp", "imap", "postgres"; may be NULL */
  const char* identity; /* URI of what is shown where a server wants a certificate; may be NULL */
  uint32_t timeout_ms;  /* for each server, or token; 0: 10000 */
} ks_check_options;
#define KS_CHECK_OPTIONS_INIT \
  { sizeof(ks_check_options), NULL, NULL, 0, NULL, NULL, 0 }

/* Judges identities, files, stores and servers, which belong together: a certificate in one file,
 * its key in another and its issuers in a third are one identity. `options` may be NULL. Errors:
 * invalid_argument; what is wrong with a target is in its report. */
KS_API int32_t ks_check(const char* const* targets, size_t target_count,
                        const ks_check_options* options, ks_report** out);
KS_API void ks_report_free(ks_report* report);
KS_API size_t ks_report_count(const ks_report* report);
/* In the order of the targets; NULL from the count on. */
KS_API const ks_target_report* ks_report_target(const ks_report* report, size_t index);

#ifdef __cplusplus
}
#endif

#endif
