// keystore.so does no harm to the process that it is loaded into, however that ends.
#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/provider.h>
#include <openssl/x509.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <thread>
#include <vector>

#include "bindings/openssl/tls/tls.h"
#include "tests/bindings/openssl/provider_fixture.h"

namespace keystore {
namespace {

using namespace testing;

/// Threads that sign for as long as they can.
struct Signers {
  std::atomic<int> started = 0, given_up = 0, signatures = 0;
} signers;

// libcrypto cleans up at exit under whoever is still in it, with keys in files too (6 of 100 such
// exits crash). So the threads, which fail once a handler of ours has closed the door to the token,
// are waited for before it does: handlers run in the opposite order of their registration.
void wait_for_signers() {
  for (int i = 0; i < 2000 && signers.given_up < signers.started; ++i) usleep(5000);
  if (signers.given_up < signers.started) std::_Exit(9);
}

class ProviderHarmless : public ProviderTest {
 protected:
  static void SetUpTestSuite() {
    OPENSSL_init_crypto(0, nullptr);
    std::atexit(wait_for_signers);
    ProviderTest::SetUpTestSuite();
  }
  void SetUp() override {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    ProviderTest::SetUp();
  }
  static std::string pem() { return reference_->to_pem().value(); }
  static bool signs_with(const Context& context, EVP_PKEY* key) {
    return signs(context.library.get(), key, *reference_->public_key);
  }
};

int status_of(pid_t child) {
  int status = -1;
  waitpid(child, &status, 0);
  return status;
}

// By the configuration and by the application, which says so twice.
TEST_F(ProviderHarmless, IsLoadedTwiceIntoOneContext) {
  Context context;
  const OsslProviderPtr again(OSSL_PROVIDER_load(context.library.get(), "keystore"));
  ASSERT_TRUE(again);
  const auto key = load(context.library.get(), pem());
  ASSERT_TRUE(key);
  EXPECT_TRUE(signs_with(context, key.get()));
  context.ours.reset();
  EXPECT_TRUE(signs_with(context, key.get()));
}

// Keys of libkeystore-openssl ("keystore-app") and references in one process and one context.
TEST_F(ProviderHarmless, WorksBesideTheOneThatAnApplicationBringsAlong) {
  const OpenOptions options = {.pin_source = SecretSource::parse(softhsm_->pin_source()).value()};
  const auto own = open(softhsm_->uri("web"), options).value().key().value();
  for (const auto order : {Order::default_first, Order::ours_first}) {
    for (const auto* properties : {"", "?provider=keystore", "?provider=keystore-app"}) {
      const Context context(properties, order);
      const auto applications = openssl::pkey(own, context.library.get());
      ASSERT_TRUE(applications) << applications.error().message;
      const auto referenced = load(context.library.get(), pem());
      ASSERT_TRUE(referenced);
      EXPECT_TRUE(signs_with(context, applications->get()));
      EXPECT_TRUE(signs_with(context, referenced.get()));
      EXPECT_EQ(EVP_PKEY_eq(applications->get(), referenced.get()), 1);
    }
  }
}

TEST_F(ProviderHarmless, ForksAfterTheFirstUseAndFromAChild) {
  const Context context;
  const auto key = load(context.library.get(), pem());
  ASSERT_TRUE(signs_with(context, key.get()));
  std::vector<pid_t> children;
  for (int i = 0; i < 4; ++i) {
    const pid_t child = fork();
    if (child != 0) {
      children.push_back(child);
      continue;
    }
    const bool here = signs_with(context, key.get());
    const pid_t grandchild = fork();
    if (grandchild == 0) std::_Exit(signs_with(context, key.get()) ? 0 : 1);
    std::_Exit(here && status_of(grandchild) == 0 ? 0 : 1);
  }
  EXPECT_TRUE(signs_with(context, key.get()));
  for (const pid_t child : children) EXPECT_EQ(status_of(child), 0);
}

TEST_F(ProviderHarmless, IsUnloadedAndLoadedAgain) {
  for (int i = 0; i < 5; ++i) {
    const Context context;
    const auto key = load(context.library.get(), pem());
    ASSERT_TRUE(key);
    EXPECT_TRUE(signs_with(context, key.get()));
  }
}

// The processes below end by exit(), so that every handler and destructor runs.

TEST_F(ProviderHarmless, LeavesAnExitAfterUseInPeace) {
  EXPECT_EXIT(
      {
        const Context context;
        const auto key = load(context.library.get(), pem());
        std::exit(signs_with(context, key.get()) ? 0 : 1);
      },
      ::testing::ExitedWithCode(0), "");
}

TEST_F(ProviderHarmless, LeavesTheExitOfAThreadInPeaceWhileOthersSign) {
  EXPECT_EXIT(
      {
        static const Context* const context = new Context;
        static EVP_PKEY* const key = load(context->library.get(), pem()).release();
        for (signers.started = 0; signers.started < 4; ++signers.started) {
          std::thread([] {
            while (signs_with(*context, key)) ++signers.signatures;
            ++signers.given_up;  // exit() has begun: nothing is signed any more
            pause();
          }).detach();
        }
        std::thread([] {
          while (signers.signatures < 40) std::this_thread::yield();
          std::exit(0);
        }).join();
      },
      ::testing::ExitedWithCode(0), "");
}

int exit_at_once(char*, int, int, void*) { std::exit(0); }

TEST_F(ProviderHarmless, LeavesAnExitInsideAPassphraseCallbackInPeace) {
  EXPECT_EXIT(
      {
        const Context context;
        const auto used = load(context.library.get(), pem());
        if (!signs_with(context, used.get())) std::exit(1);
        auto bare = *reference_;
        bare.uri = bare.uri.without_query_attribute("pin-source");
        const auto text = bare.to_pem().value();
        const BioPtr memory(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
        PEM_read_bio_PrivateKey_ex(memory.get(), nullptr, exit_at_once, nullptr,
                                   context.library.get(), nullptr);
        std::exit(2);
      },
      ::testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace keystore
