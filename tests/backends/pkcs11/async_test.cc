// Asynchronous signatures on a token: calls that hang, many at once, and the end of the process.
#include "keystore/async_key.h"
#include "tests/backends/pkcs11/faulty_token.h"
#include "tests/keystore/software_keys.h"

namespace keystore {
namespace {

using namespace std::chrono_literals;
using testing::alone;
using testing::why;
using Clock = std::chrono::steady_clock;

class AsyncOnToken : public testing::FaultyToken {
 protected:
  using Futures = std::vector<std::future<Result<Bytes>>>;
  static Futures sign(const Key& key, int count, const CallLimits& limits = {}) {
    Futures futures;
    for (int i = 0; i < count; ++i) {
      futures.push_back(AsyncKey(key).sign(scheme, message, limits));
    }
    return futures;
  }
};

TEST_F(AsyncOnToken, ManyAreMadeAtOnce) {
  EXPECT_TRUE(alone([&] {
    const auto key = open_key();
    ASSERT_TRUE(key) << why(key);
    token_->set_faults("C_Sign delay=5");
    for (auto& future : sign(*key, 200, {.deadline = Clock::now() + 60s})) {
      const auto signature = future.get();
      ASSERT_TRUE(signature) << why(signature);
      EXPECT_TRUE(key->public_key()->verify(spec_of(scheme), message, *signature).value());
    }
  }));
}

TEST_F(AsyncOnToken, ACallThatHangsInsideTheModuleIsUnavailableAtTheDeadline) {
  EXPECT_TRUE(alone([&] {
    const auto key = open_key();
    ASSERT_TRUE(key) << why(key);
    token_->counts().reset();
    token_->set_faults("C_Sign hang on=1");
    const auto start = Clock::now();
    auto hanging = sign(*key, 1, {.deadline = start + 1s});
    while (token_->counts().of("C_Sign") == 0) std::this_thread::yield();
    for (auto& future : sign(*key, 20)) EXPECT_TRUE(future.get());
    const auto outcome = hanging.front().get();
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().code, Errc::unavailable) << why(outcome);
    EXPECT_GE(Clock::now() - start, 1s);
    EXPECT_LT(Clock::now() - start, 20s);
  }));
}

/// Opens the token when it is first used, as a key reference does.
class OpensAtUse final : public KeyBackend {
 public:
  explicit OpensAtUse(std::function<Result<Key>()> open) : open_(std::move(open)) {}
  const Entry& entry() const noexcept override { return entry_; }
  std::span<const SignatureScheme> schemes() const noexcept override { return schemes_; }
  Result<Reply> run(const Request& request, const CallLimits& limits) const override {
    const auto key = open_();
    if (!key) return Failure(key.error());
    const auto& asked = std::get<SignRequest>(request);
    auto signature = key->sign_digest(asked.spec, asked.input, limits);
    if (!signature) return Failure(signature.error());
    return Reply(*std::move(signature));
  }
  Result<Secret> export_pkcs8() const override { return fail(Errc::access_denied, "no"); }

 private:
  std::function<Result<Key>()> open_;
  Entry entry_ = testing::entry_at("pkcs11:token=test");
  std::vector<SignatureScheme> schemes_ = {SignatureScheme::ecdsa_secp256r1_sha256};
};

// At every stage of loading the module, logging in and signing. SoftHSM itself: the module that
// makes faults loads it only inside C_Initialize.
TEST_F(AsyncOnToken, AProcessEndsWhileTheTokenIsFirstUsed) {
  testing::write_text(softhsm_->keystore_configuration(),
                      "[modules.token]\npath = \"" + testing::SoftHsm::module_path() +
                          "\"\nenv = { SOFTHSM2_CONF = \"" + softhsm_->configuration().string() +
                          "\" }\n");
  for (int round = 0; round < 30; ++round) {
    ASSERT_TRUE(alone([&] {
      const Key key(std::make_shared<const OpensAtUse>([&] { return open_key(); }));
      static Futures futures;
      futures = sign(key, 40);
      std::this_thread::sleep_for(round * 500us);
    }));
  }
}

TEST_F(AsyncOnToken, AProcessEndsWhileACallHangs) {
  EXPECT_TRUE(alone([&] {
    const auto key = open_key();
    ASSERT_TRUE(key) << why(key);
    token_->counts().reset();
    token_->set_faults("C_Sign hang");
    static Futures futures;
    futures = sign(*key, 40, {.deadline = Clock::now() + 1s});
    while (token_->counts().of("C_Sign") == 0) std::this_thread::yield();
  }));
}

}  // namespace
}  // namespace keystore
