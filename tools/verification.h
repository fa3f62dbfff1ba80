#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "keystore/verify/fetch.h"
#include "tools/output.h"

namespace keystore::cli {

/// One question to `verify`: the files it is about, and how they shall be judged. The same on the
/// command line and in a line of a batch.
struct Verification {
  std::string certificate = {};
  std::vector<std::string> chain = {};
  std::optional<std::vector<std::string>> trust = {};  ///< absent: the system's anchors
  std::vector<std::string> distrust = {};
  std::vector<std::string> crls = {};
  std::vector<std::string> ocsp_responses = {};
  verify::VerifyOptions options = {};
  std::optional<std::chrono::sys_seconds> at = {};  ///< absent: now
};

/// Answers questions, keeping what several of them share. For one thread.
class Verifier {
 public:
  explicit Verifier(const verify::FetchOptions& fetch = {}) : fetcher_(fetch) {}

  /// Errors: a file that cannot be read or is empty of what it should hold, naming it.
  Result<verify::Verdict> run(const Verification& question);
  /// The anchors, and what is distrusted. Errors: as run().
  Result<verify::Trust> trust_of(const Verification& question);

 private:
  Result<const verify::Trust*> system_trust();

  std::optional<verify::Trust> system_;
  verify::Fetcher fetcher_;
  verify::AuthorityCache authorities_;
};

/// What the files of a question give to build and to judge a path. Errors: as Verifier::run.
Result<verify::Material> material_of(const Verification& question,
                                     verify::AuthorityCache* authorities = nullptr);

/// The `verify` object of DESIGN.md, section 5, without `schema`.
Json verdict_json(const verify::Verdict& verdict);

/// RFC 3339, "2026-03-01T12:00:00Z" or with an offset. Errors: invalid_argument.
Result<std::chrono::sys_seconds> parse_time(std::string_view text);

/// One question from a line of a batch. Errors: invalid_argument, malformed.
Result<Verification> verification_from_json(std::string_view line);

/// `verify --batch`: answers each line of FILE ("-": standard input) before the next one is read.
/// Errors: as fopen.
Result<int> verify_batch(const std::string& file, const verify::FetchOptions& fetch);

}  // namespace keystore::cli
