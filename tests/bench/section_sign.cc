#include <algorithm>

#include "keystore/store.h"
#include "tests/bench/contenders.h"
#include "tests/bench/rivals.h"
#include "tests/bench/sections.h"
#include "tests/tokens/test_token.h"

namespace keystore::bench {
namespace {

constexpr auto sign_time = std::chrono::milliseconds(5);
constexpr unsigned few = 4;

Effort for_slow_token(const Settings& settings) {
  return {.rounds = settings.quick ? 3U : 9U, .seconds_per_batch = settings.quick ? 0.05 : 0.3};
}

/// Signatures of a program that uses the library itself.
Contender library(const testing::SoftHsm& hsm, const Subject& subject) {
  const auto scheme = subject.type.starts_with("rsa") ? SignatureScheme::rsa_pkcs1_sha256
                                                      : SignatureScheme::ecdsa_secp256r1_sha256;
  const auto uri = hsm.uri(subject.label) + ";type=private";
  return {"library", [uri, pin = hsm.pin(), scheme] {
            OpenOptions options;
            options.pin = [pin](const PinRequest&) -> Result<Secret> {
              return Secret::copy_of(std::string_view(pin));
            };
            auto key = std::make_shared<Key>(open(uri, options).value().key().value());
            return [key, scheme] {
              constexpr std::array<std::uint8_t, 32> message = {1, 2, 3};
              key->sign(scheme, message).value();
            };
          }};
}

}  // namespace

void measure_signing(const Settings& settings, Report& report) {
  const testing::SoftHsm hsm("bench");
  const auto context = keystore_context(settings.build);
  const auto plain = application_context();
  for (const auto& subject : {rsa_subject, ec_subject}) {
    const auto key = load_pem(make_key(hsm, settings.build, subject), context.get());
    const auto software = software_key(subject.type, plain.get());
    std::vector contenders = {raw_pkcs11(hsm, testing::SoftHsm::module_path(), subject),
                              library(hsm, subject), evp("provider", key.get(), context.get()),
                              evp("openssl software", software.get(), plain.get())};
    std::ranges::move(signing_rivals(hsm, subject, report), std::back_inserter(contenders));
    for (const unsigned threads : {1U, 2U, 8U}) {
      if (settings.quick && threads > 2) continue;
      report.add(subject.type, threads, measure(contenders, threads, settings.effort));
    }
  }
}

void measure_slow_token(const Settings& settings, Report& report) {
  testing::SoftHsm hsm("bench");
  testing::TestToken token(hsm);
  const auto context = keystore_context(settings.build);
  const auto key = load_pem(make_key(hsm, settings.build, ec_subject), context.get());
  token.set_faults("* delay=1");
  const std::vector contenders = {raw_pkcs11(hsm, testing::TestToken::module_path(), ec_subject),
                                  evp("provider", key.get(), context.get())};
  for (const unsigned threads : {8U, 32U, 64U}) {
    if (settings.quick && threads > 8) continue;
    report.add("1 ms in every call", threads,
               measure(contenders, threads, for_slow_token(settings)));
  }
}

// The floor is computed: a program beside ours would take sessions away.
void measure_few_sessions(const Settings& settings, Report& report) {
  constexpr unsigned threads = 16;
  testing::SoftHsm hsm("bench");
  testing::TestToken token(hsm);
  const auto context = keystore_context(settings.build);
  const auto key = load_pem(make_key(hsm, settings.build, ec_subject), context.get());
  token.set_faults("session-limit 4\nC_Sign delay=5\n");
  auto result =
      measure({evp("provider", key.get(), context.get())}, threads, for_slow_token(settings))
          .front();
  const double best = few / std::chrono::duration<double>(sign_time).count();
  result.ratio = result.ratio_low = result.ratio_high = result.per_second / best;
  const Measured floor = {
      .name = "4 / 5 ms", .per_second = best, .ratio = 1, .ratio_low = 1, .ratio_high = 1};
  report.add("4 sessions, 5 ms C_Sign", threads, {floor, result});
}

void measure_layers(const Settings& settings, Report& report) {
  const testing::SoftHsm hsm("bench");
  const auto context = keystore_context(settings.build);
  const auto reference = make_key(hsm, settings.build, ec_subject);
  const auto module = settings.build / "tests/bench/libkeystore-free-token.so";
  const testing::EnvironmentGuard real("KEYSTORE_TEST_MODULE", testing::SoftHsm::module_path());
  testing::write_text(hsm.keystore_configuration(),
                      "[modules.free]\npath = \"" + module.string() + "\"\n");
  const auto key = load_pem(reference, context.get());
  const std::vector contenders = {raw_pkcs11(hsm, module, ec_subject), library(hsm, ec_subject),
                                  evp("provider", key.get(), context.get())};
  report.add("ec:p256, C_Sign for nothing", 1, measure(contenders, 1, settings.effort));
}

}  // namespace keystore::bench
