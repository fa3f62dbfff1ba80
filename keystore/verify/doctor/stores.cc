#include "keystore/verify/doctor/stores.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "keystore/verify/doctor/pin_source.h"
#include "keystore/verify/doctor/report.h"

namespace keystore::verify::doctor {
namespace {

Result<Uri> uri_of(const std::string& target);
void note(const Error& error, TargetReport& report);
void say_empty(const Uri& uri, Target& target);

}  // namespace

Stores::Stores(const CheckOptions& options)
    : options_(options), patience_(options.time_limit), tokens_(options_) {
  options_.open.pin = patience_.counting(options.open.pin);
}

void Stores::examine(Target& target) {
  auto& report = target.report;
  const auto uri = uri_of(report.target);
  if (!uri) {
    report.error = uri.error();
    return;
  }
  const bool usable = tokens_usable(*uri, report);
  auto evidence = usable ? read(tokens_.with_module(*uri), options_.open, report) : std::nullopt;
  if (!evidence) {
    take_rest(*uri, target);
    return;
  }
  take(*std::move(evidence), target);
  say_empty(*uri, target);
}

std::optional<Evidence> Stores::read(const Uri& uri, const OpenOptions& options,
                                     TargetReport& report) {
  const auto store = open(uri, options);
  if (!store) {
    note(store.error(), report);
    return {};
  }
  auto evidence = bounded<Result<Evidence>>(patience_, [store = *store] { return gather(store); });
  if (!evidence) {
    say_stuck(uri, report);
    return {};
  }
  if (*evidence) return **std::move(evidence);
  note(evidence->error(), report);
  return {};
}

void say_stuck(const Uri& uri, TargetReport& report) {
  add(report, Code::token_stuck, fmt::format("{} did not answer in time", uri.canonical()),
      {"look after the device or the service behind it: plug it out and in, restart its daemon, "
       "see its log"});
}

bool Stores::tokens_usable(const Uri& uri, TargetReport& report) {
  if (uri.scheme() == "pkcs11") {
    const bool readable = judge_pin_source(uri, report);
    return tokens_.usable(uri, report) && readable;
  }
  const auto identity = identity_of(uri, options_);
  if (!identity) return true;
  bool usable = !identity->pin || judge_pin_source(*identity->pin, uri.canonical(), report);
  for (const auto& text : identity->keys) {
    const auto key = Uri::parse(text);
    if (!key || key->scheme() != "pkcs11") continue;
    usable = judge_pin_source(*key, report) && usable;
    usable = tokens_.usable(*key, report) && usable;
  }
  return usable;
}

void Stores::take(Evidence evidence, Target& target) {
  for (const auto& error : evidence.unreadable) note(error, target.report);
  for (const auto& key : evidence.keys) {
    if (key.entry.custody != Custody::token) continue;
    // What a reference names was not asked yet.
    const bool reference = !key.file.empty();
    if (reference && !judge_pin_source(key.entry.uri, target.report)) continue;
    if (reference && !tokens_.usable(key.entry.uri, target.report)) continue;
    judge_token_key(key, patience_, target.report);
  }
  target.evidence = std::move(evidence);
}

namespace {

/// A file whose name looks like a server's is a file all the same.
Result<Uri> uri_of(const std::string& target) {
  if (target.starts_with("tls://")) {
    return fail(Errc::invalid_argument, "'" + target + "' names no server",
                "write tls://HOST:PORT, an IPv6 address in brackets");
  }
  auto uri = Uri::parse(target);
  std::error_code error;
  if (!uri && std::filesystem::exists(std::filesystem::path(target), error)) {
    return Uri::from_path(target);
  }
  return uri;
}

/// Nothing to judge is no good answer. Anchors are judged with the paths that lead to them.
void say_empty(const Uri& uri, Target& target) {
  const auto& evidence = target.evidence;
  const bool nothing = evidence.keys.empty() && evidence.certificates.empty();
  if (!nothing || target.report.error || uri.scheme() == "system") return;
  target.report.error =
      Error{Errc::not_found, "there is no key and no certificate at " + uri.canonical()};
}

/// What no finding says is the target's error.
void note(const Error& error, TargetReport& report) {
  const bool about_pin = judge_pin_error(error, report);
  if (about_pin && error.code == Errc::pin_locked) return;
  if (!report.error) report.error = error;
}

}  // namespace
}  // namespace keystore::verify::doctor
