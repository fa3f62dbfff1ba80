#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "keystore/api.h"
#include "keystore/certificate.h"
#include "keystore/result.h"
#include "keystore/verify/trust.h"

namespace keystore::verify {

/// Which rules hold besides OpenSSL's.
enum class Profile {
  rfc5280,
  webpki,  ///< and those of public web servers (CA/Browser Forum baseline requirements)
};

/// Whose revocation must be known, from a CRL or an OCSP response.
enum class CrlCheck { none, leaf, chain };

/// The names on the command line and in JSON ("webpki", "chain"). Errors: invalid_argument.
KEYSTORE_API Result<Profile> parse_profile(std::string_view text);
KEYSTORE_API Result<CrlCheck> parse_crl_check(std::string_view text);

/// What is asked about the target.
struct VerifyOptions {
  /// What the target is to be used for: its extended key usage and its key usage must allow it.
  /// Empty: server with `host` or `ip`, email with `email`, else any.
  std::optional<Purpose> purpose = {};
  Profile profile = Profile::rfc5280;
  /// DNS name that the target must be for (RFC 9525), converted by ascii_host(); empty: not asked.
  std::string host = {};
  std::string ip = {};     ///< IPv4 or IPv6 address in text
  std::string email = {};  ///< mailbox
  CrlCheck crl_check = CrlCheck::none;
  bool soft_fail = false;  ///< a revocation status that cannot be had is no reason to refuse
  std::optional<unsigned> depth = {};      ///< most intermediates, self-issued ones not counted
  bool partial_chain = false;              ///< anchors need not be self-signed
  std::vector<std::string> policies = {};  ///< initial policy set as OIDs; empty: anyPolicy
  bool explicit_policy = false;
  bool inhibit_any_policy = false;
  bool inhibit_policy_mapping = false;
  bool second_opinion = true;          ///< Botan is asked about a path that is good otherwise
  bool strict_second_opinion = false;  ///< and has to agree
};

/// What may help to build and to judge a path; none of it is trusted.
struct Material {
  std::vector<Certificate> intermediates = {};
  std::vector<Bytes> crls = {};            ///< DER
  std::vector<Bytes> ocsp_responses = {};  ///< DER (RFC 6960), stapled or asked for
};

/// OpenSSL's opinion on the path that was judged last.
struct OpensslVerdict {
  bool accepts = false;
  std::string reason = {};  ///< "ok" where it accepts
};

enum class Opinion { agrees, disagrees, no_opinion, not_asked };

/// Botan's opinion on the same path.
struct SecondOpinion {
  Opinion verdict = Opinion::not_asked;
  std::string reason = {};
};

/// What is known of the revocation of those certificates of a path that are asked about.
enum class Revocation { not_asked, good, revoked, unknown };

struct Verdict {
  bool trusted = false;
  std::string reason = {};             ///< "ok", or why no path is trusted
  std::vector<Certificate> path = {};  ///< leaf first, anchor last; the best one when refused
  bool anchored = false;               ///< the path ends at an anchor, be it refused or not
  OpensslVerdict openssl = {};
  SecondOpinion botan = {};
  Revocation revocation = Revocation::not_asked;
  std::vector<Error> not_fetched = {};  ///< what a Fetcher did not get, naming the URL
};

/// Looks for a path from `target` to an anchor of `trust` that OpenSSL and the rules of the profile
/// accept at the time `at`. Work is bounded. Errors: invalid_argument (an option that cannot be
/// understood); a target that is not trusted is no error.
KEYSTORE_API Result<Verdict> verify(const Certificate& target, const Material& material,
                                    const Trust& trust, const VerifyOptions& options,
                                    std::chrono::sys_seconds at);

/// Certificates of authorities that were read before: the few that come with one target after the
/// other are decoded once. Keeps the last ones, 256 at most. For one thread.
class KEYSTORE_API AuthorityCache {
 public:
  AuthorityCache();
  AuthorityCache(AuthorityCache&& other) noexcept;
  AuthorityCache& operator=(AuthorityCache&& other) noexcept;
  ~AuthorityCache();

  /// As Certificate::parse().
  Result<Certificate> parse(BytesView der);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Every certificate of a PEM text, or the one of a DER file, in order; what cannot be read is left
/// out. `path` names the file in errors. Errors: malformed (there is none).
KEYSTORE_API Result<std::vector<Certificate>> read_certificates(const std::string& path,
                                                                BytesView content,
                                                                AuthorityCache* cache = nullptr);
/// Every CRL of a PEM text, or the one of a DER file, as DER.
KEYSTORE_API std::vector<Bytes> read_crls(BytesView content);

}  // namespace keystore::verify
