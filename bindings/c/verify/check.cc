#include "keystore/verify/check.h"

#include <deque>

#include "bindings/c/flat_entry.h"
#include "bindings/c/guard.h"
#include "bindings/c/open_options.h"
#include "bindings/c/verify/options.h"

namespace c = keystore::c;
using keystore::verify::Severity;
using keystore::verify::TargetVerdict;

static_assert(static_cast<int>(Severity::note) == KS_SEVERITY_NOTE);
static_assert(static_cast<int>(Severity::warning) == KS_SEVERITY_WARNING);
static_assert(static_cast<int>(Severity::error) == KS_SEVERITY_ERROR);
static_assert(static_cast<int>(TargetVerdict::ok) == KS_TARGET_OK);
static_assert(static_cast<int>(TargetVerdict::warn) == KS_TARGET_WARN);
static_assert(static_cast<int>(TargetVerdict::fail) == KS_TARGET_FAIL);

namespace {

struct FlatReport {
  explicit FlatReport(keystore::verify::TargetReport made) : report(std::move(made)) {
    for (const auto& each : report.findings) {
      findings.push_back({.code = each.code.c_str(),
                          .severity = static_cast<std::int32_t>(each.severity),
                          .message = each.message.c_str(),
                          .why = each.why.c_str(),
                          .fix_text = each.fix.text.c_str(),
                          .fix_command = each.fix.command.c_str()});
    }
    if (report.error) error.emplace(*report.error);
    view = {.target = report.target.c_str(),
            .verdict = static_cast<std::int32_t>(report.verdict()),
            .findings = findings.data(),
            .finding_count = findings.size(),
            .error = error ? &error->view : nullptr};
  }
  keystore::verify::TargetReport report;
  std::vector<ks_finding> findings;
  std::optional<c::FlatError> error;
  ks_target_report view = {};
};

}  // namespace

struct ks_report {
  explicit ks_report(std::vector<keystore::verify::TargetReport> made) {
    for (auto& each : made) targets.emplace_back(std::move(each));
  }
  std::deque<FlatReport> targets;
};

int32_t ks_check(const char* const* targets, size_t target_count, const ks_verify_options* options,
                 const ks_open_options* open, uint32_t soon_days, ks_report** out) {
  return c::guard(__func__, [&] {
    c::hand_out(out, [&] {
      auto question = c::path_question(options);
      keystore::verify::CheckOptions wanted{.trust = std::move(question.trust),
                                            .material = std::move(question.material),
                                            .verify = std::move(question.options),
                                            .open = c::open_options(open)};
      if (soon_days > 0) wanted.soon_days = soon_days;
      if (target_count > 0) c::require(targets, "targets");
      std::vector<std::string> names;
      for (std::size_t i = 0; i < target_count; ++i) {
        names.emplace_back(c::require_text(targets[i], "targets"));
      }
      return c::take(keystore::verify::check(names, wanted, question.at));
    });
  });
}

void ks_report_free(ks_report* report) { delete report; }

size_t ks_report_count(const ks_report* report) {
  return report == nullptr ? 0 : report->targets.size();
}

const ks_target_report* ks_report_target(const ks_report* report, size_t index) {
  return index < ks_report_count(report) ? &report->targets[index].view : nullptr;
}
