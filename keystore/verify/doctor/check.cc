#include "keystore/verify/check.h"

#include <filesystem>

#include "keystore/internal/openssl_error.h"
#include "keystore/store.h"
#include "keystore/verify/doctor/chain.h"
#include "keystore/verify/doctor/keys.h"
#include "keystore/verify/doctor/leaf.h"
#include "keystore/verify/doctor/tls_peer.h"

namespace keystore::verify {
namespace {

using doctor::Case;

void examine(doctor::Target& target, const Case& all);
void open_target(doctor::Target& target, const CheckOptions& options);
Result<Uri> uri_of(const std::string& target);
void judge_stores(Case& all);

}  // namespace

Result<std::vector<TargetReport>> check(std::span<const std::string> targets,
                                        const CheckOptions& options, std::chrono::sys_seconds at) {
  const OpensslErrorMark mark;
  auto trust = options.trust ? Result<Trust>(*options.trust) : system_trust();
  if (!trust) return Failure(trust.error());
  Case all{.options = options, .trust = *trust, .at = at};
  for (const auto& text : targets) {
    all.targets.push_back({.report = {.target = text}});
    examine(all.targets.back(), all);
  }
  judge_stores(all);
  std::vector<TargetReport> reports;
  for (auto& target : all.targets) reports.push_back(std::move(target.report));
  return reports;
}

namespace {

void examine(doctor::Target& target, const Case& all) {
  if (const auto server = doctor::TlsAddress::parse(target.report.target)) {
    doctor::judge_server(*server, all.options, all.trust, all.at, target.report);
  } else {
    open_target(target, all.options);
  }
}

void open_target(doctor::Target& target, const CheckOptions& options) {
  const auto uri = uri_of(target.report.target);
  const auto store = uri ? open(*uri, options.open) : Failure(uri.error());
  if (!store) {
    target.report.error = store.error();
    return;
  }
  auto evidence = doctor::gather(*store);
  if (!evidence) {
    target.report.error = evidence.error();
    return;
  }
  target.evidence = std::move(*evidence);
  if (!target.evidence.unreadable.empty()) {
    target.report.error = target.evidence.unreadable.front();
  }
}

/// A file whose name looks like a server's is a file all the same.
Result<Uri> uri_of(const std::string& target) {
  auto uri = Uri::parse(target);
  std::error_code error;
  if (!uri && std::filesystem::exists(std::filesystem::path(target), error)) {
    return Uri::from_path(target);
  }
  return uri;
}

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
    doctor::judge_path(leaf, others, doctor::Source::files, all, all.targets[leaf.target].report);
  }
  doctor::judge_files(all, leaves);
  if (!leaves.empty()) {
    doctor::judge_key_ids(certificates, all.targets[leaves.front().target].report);
  }
}

}  // namespace
}  // namespace keystore::verify
