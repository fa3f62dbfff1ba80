#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "keystore/verify/doctor/certificates.h"
#include "keystore/verify/doctor/chain.h"
#include "keystore/verify/doctor/report.h"
#include "keystore/verify/doctor/uses.h"
#include "keystore/verify/fetch.h"

namespace keystore::verify::doctor {
namespace {

/// What is asked of the path alone: names and revocation have codes of their own.
VerifyOptions path_options(const VerifyOptions& options, std::optional<Purpose> use);
void judge_members(const Leaf& leaf, const Verdict& verdict, std::span<const Certificate> served,
                   const Case& all, TargetReport& report);
void judge_end(const Leaf& leaf, const Verdict& verdict, const Case& all, TargetReport& report);
Result<Verdict> complete(const Leaf& leaf, Material material, const VerifyOptions& options,
                         const Case& all);
void say_missing(const Leaf& leaf, std::span<const Certificate> served,
                 const std::vector<Certificate>& path, const std::string& command,
                 TargetReport& report);
std::string complete_command(const Leaf& leaf, const Case& all);
bool explained(const TargetReport& report, std::size_t findings_before);
std::string file_with(const Case& all, const Certificate& certificate);

}  // namespace

std::vector<Certificate> judge_path(const Leaf& leaf, std::span<const Certificate> served,
                                    Source source, const Case& all, TargetReport& report) {
  const auto before = report.findings.size();
  judge_leaf(leaf, all, report);
  const auto options = path_options(all.options.verify, use_of(leaf, all.options.verify));
  Material material{{served.begin(), served.end()}, {}};
  auto verdict = verify(leaf.certificate, material, all.trust, options, all.at);
  if (!verdict) {
    report.error = verdict.error();
    return {};
  }
  if (!verdict->anchored) {
    const auto& more = all.options.material.intermediates;
    const bool given = source == Source::files;
    if (given)
      material.intermediates.insert(material.intermediates.end(), more.begin(), more.end());
    auto again = complete(leaf, material, options, all);
    if (again && again->anchored) {
      say_missing(leaf, material.intermediates, again->path,
                  given ? complete_command(leaf, all) : "", report);
      verdict = std::move(again);
    }
  }
  judge_members(leaf, *verdict, served, all, report);
  if (!verdict->anchored) {
    judge_end(leaf, *verdict, all, report);
  } else if (!verdict->trusted && !explained(report, before)) {
    add(report, Code::chain_untrusted,
        fmt::format("the path of '{}' is refused: {}", leaf.certificate.subject(), verdict->reason),
        {"have the certificate that is named issued anew, or take another path; keystore verify "
         "shows the whole path"});
  }
  return verdict->anchored ? verdict->path : std::vector<Certificate>();
}

namespace {

VerifyOptions path_options(const VerifyOptions& options, std::optional<Purpose> use) {
  auto path = options;
  path.purpose = use.value_or(Purpose::any);
  path.host.clear();
  path.ip.clear();
  path.email.clear();
  path.crl_check = CrlCheck::none;
  return path;
}

/// Issuers on the path, and those beside it that are sent as well.
void judge_members(const Leaf& leaf, const Verdict& verdict, std::span<const Certificate> served,
                   const Case& all, TargetReport& report) {
  const auto& path = verdict.path;
  const auto end = verdict.anchored && path.size() > 1 ? path.size() - 1 : path.size();
  for (std::size_t at = 1; at < end; ++at) {
    judge_issuer(Member(path[at]), use_of(leaf, all.options.verify), all, report);
  }
  if (verdict.anchored && path.size() > 1 && path.back().not_after() < all.at) {
    add(report, Code::cert_expired,
        fmt::format("the trust anchor '{}' expired on {}", path.back().subject(),
                    time_text(path.back().not_after())),
        {"trust the authority's new root, and send the chain that leads to it"});
  }
  for (const auto& beside : served) {
    const bool on_path = std::ranges::find(path, beside) != path.end();
    const bool issues = beside.is_ca() && beside != leaf.certificate;
    if (on_path || !issues || beside.self_issued() || beside.not_after() >= all.at) continue;
    add(report, Code::cert_expired,
        fmt::format("the certificate of '{}', which is sent along, expired on {}", beside.subject(),
                    time_text(beside.not_after())),
        {"leave it out: the path does not need it, and older clients stumble over it"},
        Severity::warning);
  }
}

/// The path ends before an anchor: at a root that is not trusted, or for want of an issuer.
void judge_end(const Leaf& leaf, const Verdict& verdict, const Case& all, TargetReport& report) {
  const auto& last = verdict.path.empty() ? leaf.certificate : verdict.path.back();
  const auto subject = leaf.certificate.subject();
  if (last.self_issued()) {
    const auto file = file_with(all, last);
    const bool system = !all.options.trust && last.is_ca() && !file.empty();
    add(report, Code::chain_untrusted,
        fmt::format("'{}' leads to the root '{}', which is not trusted", subject, last.subject()),
        {"where the root is your own and its fingerprint is right, trust it",
         system ? fmt::format("keystore trust add {} --yes", shell_word(file)) : ""});
    return;
  }
  add(report, Code::chain_incomplete,
      fmt::format("the chain of '{}' ends at '{}': the certificate of its issuer '{}' is missing",
                  subject, last.subject(), last.issuer()),
      {fmt::format("add the certificate of '{}' to the chain that is sent, unless it is a root",
                   last.issuer())});
  add(report, Code::chain_untrusted,
      fmt::format("'{}' leads to no trust anchor: {}", subject, verdict.reason),
      {fmt::format("complete the chain; where '{}' is the root, trust it (keystore trust add FILE)",
                   last.issuer())});
}

/// With all issuers that are known or may be fetched.
Result<Verdict> complete(const Leaf& leaf, Material material, const VerifyOptions& options,
                         const Case& all) {
  const auto& more = all.options.material.intermediates;
  material.intermediates.insert(material.intermediates.end(), more.begin(), more.end());
  auto allowed = all.options.fetch;
  allowed.ocsp = allowed.crls = false;
  Fetcher fetcher(allowed);
  return verify(leaf.certificate, material, all.trust, options, all.at, fetcher);
}

/// Those who have the missing issuers from elsewhere come through.
void say_missing(const Leaf& leaf, std::span<const Certificate> served,
                 const std::vector<Certificate>& path, const std::string& command,
                 TargetReport& report) {
  std::vector<std::string> missing;
  for (std::size_t at = 1; at + 1 < path.size(); ++at) {
    if (std::ranges::find(served, path[at]) == served.end()) {
      missing.push_back(fmt::format("'{}'", path[at].subject()));
    }
  }
  if (missing.empty()) return;
  const auto names = fmt::format("{}", fmt::join(missing, ", "));
  add(report, Code::chain_incomplete,
      fmt::format("the chain of '{}' lacks {}, which leads to a trust anchor",
                  leaf.certificate.subject(), names),
      {fmt::format("add {} to the chain that is sent", names), command});
}

/// Adds the issuers that were fetched to the leaf's own file.
std::string complete_command(const Leaf& leaf, const Case& all) {
  const auto& fetch = all.options.fetch;
  const auto& evidence = all.targets[leaf.target].evidence;
  const auto found =
      std::ranges::find(evidence.certificates, leaf.certificate, &FoundCertificate::certificate);
  if (!fetch.issuers || found->file.empty() || !found->ordered) return {};
  return rewrite_command(
      found->file, evidence,
      fetch.allow_private_addresses ? " --aia --allow-private-addresses" : " --aia");
}

bool explained(const TargetReport& report, std::size_t findings_before) {
  const auto& findings = report.findings;
  return std::any_of(findings.begin() + static_cast<std::ptrdiff_t>(findings_before),
                     findings.end(),
                     [](const Finding& finding) { return finding.severity == Severity::error; });
}

/// A file that holds this certificate and nothing else.
std::string file_with(const Case& all, const Certificate& certificate) {
  for (const auto& target : all.targets) {
    const auto& found = target.evidence.certificates;
    if (found.size() == 1 && target.evidence.keys.empty() &&
        found.front().certificate == certificate) {
      return found.front().file;
    }
  }
  return {};
}

}  // namespace
}  // namespace keystore::verify::doctor
