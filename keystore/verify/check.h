#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "keystore/api.h"
#include "keystore/backend.h"
#include "keystore/result.h"
#include "keystore/verify/fetch.h"
#include "keystore/verify/trust.h"
#include "keystore/verify/verify.h"

// OpenSSL's own headers are not needed to include this one.
struct evp_pkey_st;
struct ossl_lib_ctx_st;

namespace keystore::verify {

enum class Severity { note, warning, error };

/// "note", "warning", "error".
KEYSTORE_API std::string_view to_string(Severity severity) noexcept;

/// How a fault is mended.
struct Fix {
  std::string text = {};     ///< what to do, for people
  std::string command = {};  ///< for a shell; mends the finding when run. Empty: no command can
};

/// A fault and its repair.
struct Finding {
  std::string code = {};  ///< "cert.expired", …: DESIGN.md, section 8. frozen
  Severity severity = Severity::error;
  std::string message = {};  ///< what is wrong, naming the object
  std::string why = {};      ///< why it matters; the same for every finding of a code
  Fix fix = {};
};

enum class TargetVerdict { ok, warn, fail };

/// "ok", "warn", "fail".
KEYSTORE_API std::string_view to_string(TargetVerdict verdict) noexcept;

/// What was found in one target.
struct TargetReport {
  std::string target = {};  ///< as it was given
  std::vector<Finding> findings = {};
  /// Set where the target, or a part of it, could not be read, and so was not judged.
  std::optional<Error> error = {};

  /// By the worst finding; `fail` with an error.
  KEYSTORE_API TargetVerdict verdict() const noexcept;
};

/// How a plain connection becomes a TLS one.
enum class StartTls { none, smtp, imap, postgres };

/// "smtp", "imap", "postgres". Errors: invalid_argument.
KEYSTORE_API Result<StartTls> parse_starttls(std::string_view text);

/// A key as an EVP_PKEY of a library context, as keystore::openssl::pkey() makes it.
using MakePkey = std::function<Result<std::shared_ptr<evp_pkey_st>>(const Key&, ossl_lib_ctx_st*)>;

struct CheckOptions {
  std::optional<Trust> trust = {};  ///< empty: the operating system's
  Material material = {};           ///< intermediates that peers know of, revocation lists
  VerifyOptions verify = {};        ///< what the certificates shall be good for
  FetchOptions fetch = {};          ///< what may be got from the network for that
  OpenOptions open = {};            ///< how stores are opened: PIN, configuration
  unsigned soon_days = 30;          ///< cert.expires-soon: fewer days than this are left

  // For servers, which are asked over the network:
  StartTls starttls = StartTls::none;
  std::string identity = {};  ///< URI of what is shown to a server that wants a certificate
  MakePkey make_pkey = {};    ///< needed with `identity`
  std::chrono::milliseconds time_limit = std::chrono::seconds(10);  ///< for each server, or token
};

/// Judges what `targets` name, one report for each, in their order: an identity, a file, a store of
/// any kind by its URI, a server ("tls://HOST:PORT", or "HOST:PORT" where that is nothing else).
/// Without any: the installation, one report. Keys and certificates of all of them belong together:
/// a certificate in one file, its key in another and its issuers in a third are one identity. May
/// ask for a PIN. `at` is the time to judge for. Errors: invalid_argument (an option that cannot be
/// understood), as system_trust(); what is wrong with a target is in its report.
KEYSTORE_API Result<std::vector<TargetReport>> check(std::span<const std::string> targets,
                                                     const CheckOptions& options,
                                                     std::chrono::sys_seconds at);

}  // namespace keystore::verify
