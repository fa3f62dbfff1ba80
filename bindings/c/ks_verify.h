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
} ks_verify_options;
#define KS_VERIFY_OPTIONS_INIT                                                              \
  {                                                                                         \
    sizeof(ks_verify_options), NULL, NULL, NULL, NULL, NULL, NULL, -1, 0, NULL, 0, 0, 0, 0, \
        KS_VERIFY_NOW, NULL, 0, NULL, 0, NULL, 0, NULL, 0                                   \
  }

enum {
  KS_OPINION_AGREES = 0,
  KS_OPINION_DISAGREES = 1,
  KS_OPINION_NONE = 2,
  KS_OPINION_NOT_ASKED = 3
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

/* Judges identities, files and stores, which belong together: a certificate in one file, its key in
 * another and its issuers in a third are one identity. `options`, for what the certificates shall
 * be good for, and `open` may be NULL. A certificate with fewer days than `soon_days` left is a
 * finding; 0: 30. Errors: invalid_argument; what is wrong with a target is in its report. */
KS_API int32_t ks_check(const char* const* targets, size_t target_count,
                        const ks_verify_options* options, const ks_open_options* open,
                        uint32_t soon_days, ks_report** out);
KS_API void ks_report_free(ks_report* report);
KS_API size_t ks_report_count(const ks_report* report);
/* In the order of the targets; NULL from the count on. */
KS_API const ks_target_report* ks_report_target(const ks_report* report, size_t index);

#ifdef __cplusplus
}
#endif

#endif
