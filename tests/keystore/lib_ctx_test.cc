#include "keystore/internal/lib_ctx.h"

#include <gtest/gtest.h>
#include <openssl/provider.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <thread>

#include "tests/keystore/software_keys.h"
#include "tests/support/workspace.h"

namespace keystore {
namespace {

using testing::new_key;

/// The process id of a child that ends with status 0 if `work` returns true within 20 seconds.
pid_t start_child(const std::function<bool()>& work) {
  const pid_t child = fork();
  if (child != 0) return child;
  alarm(20);
  _exit(work() ? 0 : 1);
}

bool ended_well(pid_t child) {
  int status = 0;
  return waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

TEST(PrivateLibCtx, IsOneAndHasDefaultAlone) {
  auto* ctx = private_lib_ctx();
  EXPECT_EQ(ctx, private_lib_ctx());
  EXPECT_EQ(OSSL_PROVIDER_available(ctx, "default"), 1);
  EXPECT_EQ(OSSL_PROVIDER_available(ctx, "legacy"), 0);
}

TEST(PrivateLibCtx, AChildMakesItsOwn) {
  const auto* ctx = private_lib_ctx();
  const auto* method = digest_method(Digest::sha256);
  EXPECT_TRUE(ended_well(start_child([&] {
    return private_lib_ctx() != ctx && digest_method(Digest::sha256) != method &&
           to_hex(hash(Digest::sha256, {})).starts_with("e3b0c442");
  })));
  EXPECT_EQ(ctx, private_lib_ctx());
}

TEST(PrivateLibCtx, DigestsAreThoseOfTheStandard) {
  EXPECT_EQ(to_hex(hash(Digest::sha1, as_bytes("abc"))),
            "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_TRUE(hash(Digest::none, as_bytes("abc")).empty());
}

// RSA blinding takes a lock for every signature: with the inherited key most children hang.
TEST(PrivateLibCtx, ChildrenForkedWhileThreadsSignCanSign) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "the sanitizers' own locks do not survive a fork among threads";
#endif
  const std::vector<Key> keys = {new_key("rsa:1024"), new_key("ec:p256"), new_key("ed25519")};
  const auto signs = [&](std::size_t i) {
    const auto& key = keys[i % keys.size()];
    const auto scheme = key.schemes().front();
    const auto made = key.sign(scheme, as_bytes("m"));
    return made && key.public_key()->verify(spec_of(scheme), as_bytes("m"), *made).value_or(false);
  };
  std::atomic<bool> stop = false;
  std::vector<std::jthread> threads;
  for (std::size_t i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      while (!stop) EXPECT_TRUE(signs(i));
    });
  }
  for (int round = 0; round < 10; ++round) {
    std::vector<pid_t> children;
    for (int i = 0; i < 8; ++i) {
      children.push_back(start_child([&] { return signs(0) && signs(1) && signs(2); }));
    }
    for (const auto child : children) EXPECT_TRUE(ended_well(child));
  }
  stop = true;
}

// Grandchildren come from a child that has a context of its own already.
TEST(PrivateLibCtx, GrandchildrenSign) {
  const auto key = new_key("rsa:1024");
  const auto signs = [&] { return key.sign(key.schemes().front(), as_bytes("m")).has_value(); };
  EXPECT_TRUE(signs());
  EXPECT_TRUE(ended_well(start_child([&] { return signs() && ended_well(start_child(signs)); })));
}

// What another program's configuration file says is no business of ours.
TEST(PrivateLibCtx, ReadsNoConfiguration) {
  const testing::Workspace folder;
  const auto file = folder.write("openssl.cnf",
                                 "openssl_conf = init\n[init]\nproviders = p\n[p]\nnull = n\n"
                                 "[n]\nactivate = 1\n");
  const testing::EnvironmentGuard guard("OPENSSL_CONF", file.string());
  EXPECT_TRUE(ended_well(start_child([] {
    return OSSL_PROVIDER_available(private_lib_ctx(), "null") == 0 &&
           OSSL_PROVIDER_available(private_lib_ctx(), "default") == 1;
  })));
}

}  // namespace
}  // namespace keystore
