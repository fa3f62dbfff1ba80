// Handshakes without end while certificate and key are replaced again and again: none fails, and
// every new certificate is seen. KEYSTORE_TEST_ROTATIONS says how often (10 by default).
#include <gmock/gmock.h>

#include <atomic>
#include <charconv>
#include <cstring>
#include <set>
#include <thread>
#include <vector>

#include "tests/bindings/openssl/rotation_fixture.h"

namespace keystore {
namespace {

using testing::Context;
using testing::shake_hands;

constexpr std::size_t threads = 4;
constexpr long handshakes_each = 100;

int rotations() {
  const char* text = std::getenv("KEYSTORE_TEST_ROTATIONS");
  int count = 10;
  if (text != nullptr) std::from_chars(text, text + std::strlen(text), count);
  return count;
}

class RotationLoad : public testing::RotationFixture {
 protected:
  void shake_hands_until_stopped(SSL_CTX* server, SSL_CTX* client) {
    while (!stopping_) {
      const auto result = shake_hands(server, client);
      const std::lock_guard lock(mutex_);
      ++done_;
      seen_.insert(result.server_shown);
      if (!result.done) failures_.push_back(result.errors + result.client_verdict);
      more_.notify_all();
    }
  }
  void wait_for_handshakes(long more) {
    std::unique_lock lock(mutex_);
    const auto wanted = done_ + more;
    ASSERT_TRUE(more_.wait_for(lock, std::chrono::minutes(2), [&] { return done_ >= wanted; }));
  }

  std::mutex mutex_;
  std::condition_variable more_;
  std::atomic<bool> stopping_ = false;
  long done_ = 0;
  std::set<std::string> seen_;
  std::vector<std::string> failures_;
};

TEST_F(RotationLoad, LosesNoHandshake) {
  install(make("first"));
  const Context accepting(serving());
  const Context connecting(
      {.role = openssl::Role::client, .trust = {authority_.file()}, .host = "server.test"});
  ASSERT_TRUE(connecting.configured) << connecting.configured.error().message;
  const auto rotator = started(accepting, reports_.options());
  std::vector<std::jthread> clients;
  for (std::size_t i = 0; i < threads; ++i) {
    clients.emplace_back([&] { shake_hands_until_stopped(accepting.get(), connecting.get()); });
  }
  std::set<std::string> shown{"first"};
  for (int i = 0; i < rotations() && !HasFatalFailure(); ++i) {
    const auto name = "web" + std::to_string(i);
    const auto files = make(name);
    // Either may come first, and the moment in between may be seen.
    replace(folder_ / (i % 2 == 0 ? "web.crt" : "web.key"),
            i % 2 == 0 ? files.certificates : files.key);
    replace(folder_ / (i % 2 == 0 ? "web.key" : "web.crt"),
            i % 2 == 0 ? files.key : files.certificates);
    EXPECT_EQ(reports_.next_leaf(), "CN=" + name);
    wait_for_handshakes(handshakes_each);
    shown.insert(name);
  }
  stopping_ = true;
  clients.clear();
  EXPECT_THAT(failures_, ::testing::IsEmpty());
  EXPECT_EQ(seen_, shown);
  EXPECT_GE(done_, rotations() * handshakes_each);
  RecordProperty("handshakes", static_cast<int>(done_));
}

}  // namespace
}  // namespace keystore
