#include "keystore/verify/check.h"

#include "keystore/internal/openssl_error.h"
#include "keystore/verify/doctor/chain.h"
#include "keystore/verify/doctor/installation.h"
#include "keystore/verify/doctor/keys.h"
#include "keystore/verify/doctor/leaf.h"
#include "keystore/verify/doctor/revocation.h"
#include "keystore/verify/doctor/stores.h"
#include "keystore/verify/doctor/tls_peer.h"
#include "keystore/verify/host_name.h"

namespace keystore::verify {
namespace {

using doctor::Case;

void judge_stores(Case& all);

}  // namespace

Result<std::vector<TargetReport>> check(std::span<const std::string> targets,
                                        const CheckOptions& given, std::chrono::sys_seconds at) {
  const OpensslErrorMark mark;
  auto host = ascii_host(given.verify.host);
  if (!host) return Failure(host.error());
  auto options = given;
  options.verify.host = *std::move(host);
  if (targets.empty()) {
    TargetReport report{.target = "installation"};
    doctor::judge_installation(options, at, report);
    return std::vector{std::move(report)};
  }
  auto trust = options.trust ? Result<Trust>(*options.trust) : system_trust();
  if (!trust) return Failure(trust.error());
  Case all{.options = options, .trust = *trust, .at = at};
  doctor::Stores stores(options);
  for (const auto& text : targets) {
    auto& target = all.targets.emplace_back(doctor::Target{.report = {.target = text}});
    if (const auto server = doctor::TlsAddress::parse(text)) {
      doctor::judge_server(*server, options, *trust, at, target.report);
    } else {
      stores.examine(target);
    }
  }
  judge_stores(all);
  std::vector<TargetReport> reports;
  for (auto& target : all.targets) reports.push_back(std::move(target.report));
  return reports;
}

namespace {

void judge_stores(Case& all) {
  const auto leaves = doctor::leaves_of(all);
  const auto certificates = doctor::certificates_of(all);
  for (auto& target : all.targets) doctor::judge_keys(target);
  doctor::judge_match(all, leaves);
  for (const auto& leaf : leaves) {
    std::vector<Certificate> others;
    for (const auto& each : certificates) {
      if (each != leaf.certificate) others.push_back(each);
    }
    auto& report = all.targets[leaf.target].report;
    doctor::judge_path(leaf, others, doctor::Source::files, all, report);
    doctor::judge_revocation(leaf, others, {}, all, report);
  }
  doctor::judge_files(all, leaves);
  if (!leaves.empty()) {
    doctor::judge_key_ids(certificates, all.targets[leaves.front().target].report);
  }
}

}  // namespace
}  // namespace keystore::verify
