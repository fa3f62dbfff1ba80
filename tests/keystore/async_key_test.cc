#include "keystore/async_key.h"

#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "tests/keystore/software_keys.h"
#include "tests/support/child.h"
#include "tests/support/gated_key.h"

namespace keystore {
namespace {

using namespace std::chrono_literals;
using testing::Gate;
using testing::gated;
using testing::new_gate;
using testing::new_key;
using testing::status_of_child;
using Clock = std::chrono::steady_clock;

constexpr auto scheme = SignatureScheme::ecdsa_secp256r1_sha256;
const Bytes message = {'m', 'e', 's', 's', 'a', 'g', 'e'};

Clock::time_point in(Clock::duration time) { return Clock::now() + time; }

TEST(AsyncKey, FuturesGiveWhatTheKeyGives) {
  const auto ec = new_key("ec:p256");
  const AsyncKey async(ec);
  const auto signature = async.sign(scheme, message).get();
  ASSERT_TRUE(signature);
  EXPECT_TRUE(ec.public_key()->verify(spec_of(scheme), message, *signature).value());
  const auto digest = async.sign_digest(spec_of(scheme), message).get();
  ASSERT_TRUE(digest);
  EXPECT_TRUE(ec.public_key()->verify(spec_of(scheme), message, *digest).value());

  const auto other = new_key("ec:p256");
  const auto shared = async.derive(*other.public_key()).get();
  ASSERT_TRUE(shared);
  EXPECT_EQ(*shared, other.derive(*ec.public_key()).value());

  const auto rsa = new_key("rsa:2048");
  const Bytes ciphertext(256, 1);
  const DecryptSpec raw = {.encryption = Encryption::rsa_raw};
  const auto plain = AsyncKey(rsa).decrypt(raw, ciphertext).get();
  ASSERT_TRUE(plain);
  EXPECT_EQ(*plain, rsa.decrypt(raw, ciphertext).value());
}

TEST(AsyncKey, CallbacksRunOnAThreadOfTheLibrary) {
  const auto key = new_key("ec:p256");
  std::promise<std::pair<Result<Bytes>, std::thread::id>> told;
  ASSERT_TRUE(AsyncKey(key).sign(scheme, message, [&](Result<Bytes> outcome) {
    told.set_value({std::move(outcome), std::this_thread::get_id()});
  }));
  const auto [outcome, thread] = told.get_future().get();
  EXPECT_TRUE(outcome);
  EXPECT_NE(thread, std::this_thread::get_id());
}

TEST(AsyncKey, CallbacksMayAskForMoreAndThrow) {
  const AsyncKey async(new_key("ec:p256"));
  std::promise<bool> told;
  ASSERT_TRUE(async.sign(scheme, message, [&](const Result<Bytes>&) {
    EXPECT_TRUE(async.sign(scheme, message, [&](const Result<Bytes>& outcome) {
      told.set_value(outcome.has_value());
      throw std::runtime_error("for the log");
    }));
  }));
  EXPECT_TRUE(told.get_future().get());
  EXPECT_TRUE(async.sign(scheme, message).get());
}

TEST(AsyncKey, ErrorsOfTheKeyComeThrough) {
  const AsyncKey async(new_key("ec:p256"));
  const auto wrong = async.sign(SignatureScheme::rsa_pkcs1_sha256, message).get();
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, Errc::invalid_argument);
  EXPECT_THAT(wrong.error().message, ::testing::HasSubstr("does not sign with"));
}

TEST(AsyncKey, AtTheDeadlineAnOperationThatHangsIsUnavailable) {
  auto& gate = new_gate();
  const AsyncKey async(gated(new_key("ec:p256"), gate));
  const auto start = Clock::now();
  auto future = async.sign(scheme, message, {.deadline = in(500ms)});
  gate.await(1);
  const auto outcome = future.get();
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, Errc::unavailable);
  EXPECT_THAT(outcome.error().message, ::testing::HasSubstr("key 'web' has not come back"));
  EXPECT_GE(Clock::now() - start, 500ms);
  gate.open();
  EXPECT_TRUE(async.sign(scheme, message).get());
}

TEST(AsyncKey, StopsWaitingWhenAskedTo) {
  auto& gate = new_gate();
  const AsyncKey async(gated(new_key("ec:p256"), gate));
  std::stop_source stop;
  auto future = async.sign(scheme, message, {.stop = stop.get_token()});
  gate.await(1);
  stop.request_stop();
  EXPECT_EQ(future.get().error().code, Errc::cancelled);
  gate.open();
  const auto late = async.sign(scheme, message, {.stop = stop.get_token()}).get();
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, Errc::cancelled);
}

TEST(AsyncKey, ACallbackMayRequestTheStop) {
  const AsyncKey async(new_key("ec:p256"));
  std::stop_source stop;
  std::promise<void> told;
  ASSERT_TRUE(async.sign(scheme, message,
                         [&](const Result<Bytes>&) {
                           stop.request_stop();
                           told.set_value();
                         },
                         {.stop = stop.get_token()}));
  told.get_future().get();
}

TEST(AsyncKey, OutlivesWhatItWasMadeFrom) {
  auto& gate = new_gate();
  auto future = [&] {
    const Bytes gone = message;
    return AsyncKey(gated(new_key("ec:p256"), gate)).sign(scheme, gone);
  }();
  gate.await(1);
  gate.open();
  EXPECT_TRUE(future.get());
}

TEST(AsyncKey, AForkedChildHasWorkersOfItsOwn) {
  auto& gate = new_gate();
  const auto plain = new_key("ec:p256");
  const AsyncKey busy(gated(plain, gate));
  std::vector<std::future<Result<Bytes>>> futures;
  for (int i = 0; i < 40; ++i)
    futures.push_back(busy.sign(scheme, message, {.deadline = in(1min)}));
  gate.await(16);
  EXPECT_EQ(
      status_of_child([&] {
        for (int i = 0; i < 20; ++i) EXPECT_TRUE(AsyncKey(plain).sign(scheme, message).get());
        EXPECT_EQ(
            status_of_child([&] { EXPECT_TRUE(AsyncKey(plain).sign(scheme, message).get()); }), 0);
      }),
      0);
  gate.open();
  for (auto& future : futures) EXPECT_TRUE(future.get());
}

TEST(AsyncKey, AProcessEndsWithOperationsPending) {
  const auto plain = new_key("ec:p256");
  for (int round = 0; round < 10; ++round) {
    EXPECT_EQ(status_of_child([&] {
                for (int i = 0; i < 200; ++i) {
                  static_cast<void>(AsyncKey(plain).sign(scheme, message, [](auto) {}));
                }
              }),
              0);
  }
}

TEST(AsyncKey, AProcessEndsWithOperationsThatHang) {
  auto& gate = new_gate();
  const AsyncKey hanging(gated(new_key("ec:p256"), gate));
  const auto start = Clock::now();
  EXPECT_EQ(status_of_child([&] {
              static std::vector<std::future<Result<Bytes>>> futures;
              for (int i = 0; i < 40; ++i) {
                futures.push_back(hanging.sign(scheme, message, {.deadline = in(1s)}));
              }
              gate.await(16);
            }),
            0);
  EXPECT_LT(Clock::now() - start, 10s);
}

}  // namespace
}  // namespace keystore
