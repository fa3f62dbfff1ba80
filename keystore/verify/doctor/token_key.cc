#include <fmt/format.h>

#include <algorithm>

#include "keystore/verify/doctor/pin_source.h"
#include "keystore/verify/doctor/report.h"
#include "keystore/verify/doctor/tokens.h"

namespace keystore::verify::doctor {
namespace {

Result<void> sign_once(const Key& key);
void judge_mechanisms(const Key& key, TargetReport& report);
void say_failed(const Key& key, const Error& error, TargetReport& report);

constexpr auto other_token =
    "use a token, or a version of its module, that has the mechanism; "
    "keystore token ls --json lists what each has";

}  // namespace

void judge_token_key(const FoundKey& found, const Patience& patience, TargetReport& report) {
  if (!found.key) return;
  const auto& key = *found.key;
  judge_mechanisms(key, report);
  if (key.schemes().empty()) return;
  const auto signed_in_time = bounded<Result<void>>(patience, [key] { return sign_once(key); });
  if (!signed_in_time) {
    add(report, Code::token_stuck,
        fmt::format("key {} made no signature in time", key.uri().canonical()),
        {"look after the device or the service behind it: plug it out and in, restart its daemon, "
         "see its log"});
  } else if (!*signed_in_time) {
    say_failed(key, signed_in_time->error(), report);
  }
}

namespace {

Result<void> sign_once(const Key& key) {
  const auto message = as_bytes("keystore: does this key work");
  const auto scheme = key.schemes().front();
  const auto signature = key.sign(scheme, message);
  if (!signature) return Failure(signature.error());
  if (!key.public_key()) return {};
  const auto good = key.public_key()->verify(spec_of(scheme), message, *signature);
  if (good.value_or(false)) return {};
  return fail(Errc::key_mismatch,
              "key " + key.uri().canonical() + " does not sign as its public half says");
}

bool is_pss(SignatureScheme scheme) { return spec_of(scheme).algorithm == SignAlgorithm::rsa_pss; }

void judge_mechanisms(const Key& key, TargetReport& report) {
  const auto name = key.uri().canonical();
  const auto schemes = key.schemes();
  if (schemes.empty()) {
    add(report, Code::token_mechanism,
        fmt::format("the token of {} has no mechanism that signs with {} keys", name,
                    to_string(key.type())),
        {other_token});
  } else if (key.type() == KeyType::rsa && std::ranges::none_of(schemes, is_pss)) {
    add(report, Code::token_mechanism,
        fmt::format("the token of {} does no RSA-PSS, without which RSA keys cannot do TLS 1.3",
                    name),
        {other_token}, Severity::warning);
  }
}

void say_failed(const Key& key, const Error& error, TargetReport& report) {
  if (judge_pin_error(error, report)) {
    if (error.code != Errc::pin_locked && !report.error) report.error = error;
    return;
  }
  const auto text = fmt::format("key {}: {}", key.uri().canonical(), error.message);
  switch (error.code) {
    case Errc::not_found:
      add(report, Code::key_missing, text,
          {"correct the name of the object; keystore ls shows what the token holds"});
      break;
    case Errc::key_mismatch:
      add(report, Code::key_mismatch, text,
          {"put the right token back, or write the reference anew: keystore ref --refresh FILE"});
      break;
    case Errc::unsupported:
      add(report, Code::token_mechanism, text, {other_token});
      break;
    case Errc::timed_out:
    case Errc::unavailable:
      add(report, Code::token_stuck, text,
          {"look after the device or the service behind it; see its log"});
      break;
    default:
      if (!report.error) report.error = error;
  }
}

}  // namespace
}  // namespace keystore::verify::doctor
