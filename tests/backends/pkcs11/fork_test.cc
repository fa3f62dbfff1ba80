// Keys that were opened before a fork are used by the children, by many threads, and also when the
// fork happens in the middle of signatures.
#include <sys/wait.h>

#include <atomic>
#include <latch>
#include <thread>

#include "tests/backends/pkcs11/token_keys.h"

namespace keystore {
namespace {

using testing::alone;
using testing::SoftHsm;
using testing::why;
using testing::with_pin;

const Bytes message = {'a', ' ', 'm', 'e', 's', 's', 'a', 'g', 'e'};
constexpr int children = 8;
constexpr int threads = 8;

bool signs(const Key& key) {
  const auto scheme = key.schemes().front();
  const auto signature = key.sign(scheme, message);
  if (!signature) {
    std::fprintf(stderr, "%s\n", why(signature).c_str());
    return false;
  }
  return key.public_key()->verify(spec_of(scheme), message, *signature).value_or(false);
}

/// All threads sign `times` times; true when all were good.
bool threads_sign(const Key& key, int times) {
  std::atomic<int> bad = 0;
  std::latch start(threads);
  {
    std::vector<std::jthread> workers;
    for (int i = 0; i < threads; ++i) {
      workers.emplace_back([&] {
        start.arrive_and_wait();
        for (int n = 0; n < times; ++n) bad += signs(key) ? 0 : 1;
      });
    }
  }
  return bad == 0;
}

/// Runs `body` in this many children at once; how many did not end with status 0.
template <class Body>
int failing_children(int count, const Body& body) {
  std::vector<pid_t> pids;
  for (int i = 0; i < count; ++i) {
    const pid_t pid = ::fork();
    if (pid == 0) std::exit(body() ? 0 : 1);
    pids.push_back(pid);
  }
  int failing = 0;
  for (const auto pid : pids) {
    int status = 0;
    ::waitpid(pid, &status, 0);
    if (status != 0) ++failing;
  }
  return failing;
}

/// A token with a key of this type, made by another process, so that nothing is loaded here.
void make_key(const SoftHsm& softhsm, const char* type) {
  ASSERT_TRUE(alone([&] {
    auto store = keystore::open(softhsm.uri(), with_pin(softhsm.pin()));
    ASSERT_TRUE(store) << why(store);
    const auto key =
        store->generator()->generate_key(KeySpec::parse(type).value(), {.label = "key"});
    ASSERT_TRUE(key) << why(key);
  }));
}

Result<Key> open_key(const SoftHsm& softhsm) {
  auto store = keystore::open(softhsm.uri("key"), with_pin(softhsm.pin()));
  if (!store) return Failure(store.error());
  return store->key();
}

class ForkedKeys : public ::testing::TestWithParam<const char*> {};

TEST_P(ForkedKeys, SignInChildrenAndThreadsAtOnce) {
  SoftHsm softhsm;
  make_key(softhsm, GetParam());
  EXPECT_TRUE(alone([&] {
    const auto key = open_key(softhsm);
    ASSERT_TRUE(key) << why(key);
    EXPECT_TRUE(signs(*key));
    EXPECT_EQ(failing_children(children, [&] { return threads_sign(*key, 5); }), 0);
    EXPECT_TRUE(signs(*key));
  }));
}

TEST_P(ForkedKeys, SignWhenTheForkHappensWhileThreadsSign) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "the sanitizers' own allocator does not survive such a fork";
#endif
  SoftHsm softhsm;
  make_key(softhsm, GetParam());
  EXPECT_TRUE(alone([&] {
    const auto key = open_key(softhsm);
    ASSERT_TRUE(key) << why(key);
    std::atomic<bool> done = false;
    std::atomic<int> bad = 0;
    std::latch running(threads);
    {
      std::vector<std::jthread> workers;
      for (int i = 0; i < threads; ++i) {
        workers.emplace_back([&] {
          bad += signs(*key) ? 0 : 1;
          running.count_down();
          while (!done) bad += signs(*key) ? 0 : 1;
        });
      }
      running.wait();
      for (int round = 0; round < 4; ++round) {
        EXPECT_EQ(failing_children(children, [&] { return threads_sign(*key, 2); }), 0);
      }
      done = true;
    }
    EXPECT_EQ(bad, 0);
  }));
}

TEST_P(ForkedKeys, SixtyChildrenThatOpenTheTokenAtOnce) {
  SoftHsm softhsm;
  make_key(softhsm, GetParam());
  EXPECT_EQ(failing_children(60,
                             [&] {
                               const auto key = open_key(softhsm);
                               if (!key) std::fprintf(stderr, "%s\n", why(key).c_str());
                               return key && signs(*key);
                             }),
            0);
}

TEST_P(ForkedKeys, SignInGrandchildren) {
  SoftHsm softhsm;
  make_key(softhsm, GetParam());
  EXPECT_TRUE(alone([&] {
    const auto key = open_key(softhsm);
    ASSERT_TRUE(key) << why(key);
    EXPECT_EQ(failing_children(2,
                               [&] {
                                 return signs(*key) &&
                                        failing_children(2, [&] { return signs(*key); }) == 0 &&
                                        signs(*key);
                               }),
              0);
  }));
}

INSTANTIATE_TEST_SUITE_P(Types, ForkedKeys, ::testing::Values("rsa:2048", "ec:p256"),
                         [](const auto& type) { return type.index == 0 ? "Rsa" : "Ec"; });

}  // namespace
}  // namespace keystore
