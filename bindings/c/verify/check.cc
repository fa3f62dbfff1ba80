#include "keystore/verify/check.h"

#include <deque>

#include "bindings/c/flat_entry.h"
#include "bindings/c/guard.h"
#include "bindings/c/open_options.h"
#include "bindings/c/verify/options.h"
#include "bindings/openssl/tls/pkey.h"

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

keystore::Result<std::shared_ptr<evp_pkey_st>> make_pkey(const keystore::Key& key,
                                                         ossl_lib_ctx_st* library) {
  auto made = keystore::openssl::pkey(key, library);
  if (!made) return keystore::Failure(made.error());
  return std::shared_ptr<evp_pkey_st>(*std::move(made));
}

struct Question {
  keystore::verify::CheckOptions options;
  std::chrono::sys_seconds at;
};

Question question_of(const ks_check_options* given) {
  constexpr ks_check_options defaults = KS_CHECK_OPTIONS_INIT;
  const auto asked = c::read_sized(given, defaults, "options");
  auto path = c::path_question(asked.verify);
  keystore::verify::CheckOptions made{.trust = std::move(path.trust),
                                      .material = std::move(path.material),
                                      .verify = std::move(path.options),
                                      .fetch = path.fetch,
                                      .open = c::open_options(asked.open),
                                      .make_pkey = make_pkey};
  if (asked.soon_days > 0) made.soon_days = asked.soon_days;
  if (asked.starttls != nullptr) {
    made.starttls = c::take(keystore::verify::parse_starttls(asked.starttls));
  }
  if (asked.identity != nullptr) made.identity = asked.identity;
  if (asked.timeout_ms > 0) made.time_limit = std::chrono::milliseconds(asked.timeout_ms);
  return {std::move(made), path.at};
}

}  // namespace

struct ks_report {
  explicit ks_report(std::vector<keystore::verify::TargetReport> made) {
    for (auto& each : made) targets.emplace_back(std::move(each));
  }
  std::deque<FlatReport> targets;
};

int32_t ks_check(const char* const* targets, size_t target_count, const ks_check_options* options,
                 ks_report** out) {
  return c::guard(__func__, [&] {
    c::hand_out(out, [&] {
      const auto question = question_of(options);
      if (target_count > 0) c::require(targets, "targets");
      std::vector<std::string> names;
      for (std::size_t i = 0; i < target_count; ++i) {
        names.emplace_back(c::require_text(targets[i], "targets"));
      }
      return c::take(keystore::verify::check(names, question.options, question.at));
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
