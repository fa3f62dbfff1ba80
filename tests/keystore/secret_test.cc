#include "keystore/secret.h"

#include <grp.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

#include "keystore/log.h"

namespace keystore {
namespace {

static_assert(!std::is_copy_constructible_v<Secret> && !std::is_copy_assignable_v<Secret>);
static_assert(std::is_nothrow_move_constructible_v<Secret>);

// Sanitizers turn mlock(2) into nothing.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool locks_memory = false;
#else
constexpr bool locks_memory = true;
#endif

// The flags of the mapping that holds `address`, as " rd wr … dd …".
std::string mapping_flags(const void* address) {
  std::ifstream smaps("/proc/self/smaps");
  const auto wanted = reinterpret_cast<std::uintptr_t>(address);
  bool inside = false;
  for (std::string line; std::getline(smaps, line);) {
    std::uintptr_t start = 0;
    std::uintptr_t end = 0;
    if (std::sscanf(line.c_str(), "%lx-%lx ", &start, &end) == 2) {
      inside = start <= wanted && wanted < end;
    } else if (inside && line.starts_with("VmFlags:")) {
      return line.substr(8) + " ";
    }
  }
  return {};
}

// Runs `body` in a forked child: its return value, or -1 when it did not end by itself.
int in_child(const std::function<int()>& body) {
  const auto pid = fork();
  if (pid == 0) {
    alarm(20);
    _exit(body());
  }
  int status = 0;
  waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(Secret, HoldsWhatItWasGiven) {
  auto secret = Secret::copy_of("geheim");
  EXPECT_EQ(as_text(secret.view()), "geheim");
  auto clone = secret.clone();
  const auto moved = std::move(secret);
  EXPECT_TRUE(secret.empty());  // NOLINT(bugprone-use-after-move): moved-from is empty
  EXPECT_TRUE(moved == clone);
  EXPECT_TRUE(Secret(3) == Secret::copy_of(std::string_view("\0\0\0", 3)));
  EXPECT_EQ(Secret(0).size(), 0U);
}

TEST(Secret, ComparesByContent) {
  const auto secret = Secret::copy_of("abcdef");
  EXPECT_FALSE(secret == Secret::copy_of("abcdeg"));
  EXPECT_FALSE(secret == Secret::copy_of("bbcdef"));
  EXPECT_FALSE(secret == Secret::copy_of("abcde"));
  EXPECT_TRUE(Secret() == Secret());
}

// Time depends on the lengths alone: a difference at the front takes as long as one at the back.
// Medians of many, and a bound that only a comparison that stops early breaks.
TEST(Secret, ComparesInConstantTime) {
  constexpr std::size_t size = 256U << 10;
  Secret base(size);
  Secret front(size);
  Secret back(size);
  front.writable().front() = 1;
  back.writable().back() = 1;
  const auto median_of = [&](const Secret& other) {
    std::vector<std::chrono::nanoseconds> times;
    for (int i = 0; i < 21; ++i) {
      const auto start = std::chrono::steady_clock::now();
      EXPECT_FALSE(base == other);
      times.push_back(std::chrono::steady_clock::now() - start);
    }
    std::nth_element(times.begin(), times.begin() + 10, times.end());
    return times[10];
  };
  EXPECT_GT(median_of(front) * 10, median_of(back));
}

TEST(Secret, IsWipedWhenDestroyedShrunkOrReplaced) {
  const std::string text(40, 'x');
  const std::uint8_t* data = nullptr;
  {
    const auto secret = Secret::copy_of(text);
    data = secret.view().data();
  }
  // The memory stays ours; its first octets link the free pieces.
  const auto holds_text = [&] {
    return std::any_of(data + 8, data + 40, [](auto octet) { return octet == 'x'; });
  };
  EXPECT_FALSE(holds_text());

  auto secret = Secret::copy_of(text);
  data = secret.view().data();
  secret.shrink(5);
  EXPECT_EQ(secret.size(), 5U);
  EXPECT_EQ(as_text(secret.view()), "xxxxx");
  EXPECT_FALSE(holds_text());

  secret = Secret::copy_of(text);
  data = secret.view().data();
  secret = Secret();
  EXPECT_FALSE(holds_text());
}

TEST(Secret, IsZeroWhenNew) {
  for (const std::size_t size : {1U, 16U, 17U, 100U, 5000U, 16369U, 16368U, 20000U, 200000U}) {
    { auto secret = Secret::copy_of(std::string(size, 'x')); }
    const Secret secret(size);
    const auto view = secret.view();
    EXPECT_EQ(view.size(), size);
    EXPECT_TRUE(std::all_of(view.begin(), view.end(), [](auto octet) { return octet == 0; }))
        << size;
  }
}

TEST(Secret, IsLockedAndLeftOutOfCoreDumps) {
  if (!locks_memory) GTEST_SKIP() << "sanitizers lock no memory";
  for (const std::size_t size : {20U, 5000U, 40000U}) {
    const Secret secret(size);
    const auto flags = mapping_flags(secret.view().data());
    EXPECT_NE(flags.find(" dd "), flags.npos) << size << ":" << flags;
    EXPECT_NE(flags.find(" lo "), flags.npos) << size << ":" << flags;
  }
}

TEST(Secret, IsInheritedByAChildAndLockedThereOnFirstUse) {
  if (!locks_memory) GTEST_SKIP() << "sanitizers lock no memory";
  const auto secret = Secret::copy_of("from the parent");
  const auto status = in_child([&] {
    if (as_text(secret.view()) != "from the parent") return 1;
    const auto own = Secret::copy_of("own");
    if (mapping_flags(own.view().data()).find(" lo ") == std::string::npos) return 2;
    const auto flags = mapping_flags(secret.view().data());
    if (flags.find(" lo ") == flags.npos) return 3;
    return flags.find(" dd ") == flags.npos ? 4 : 0;
  });
  EXPECT_EQ(status, 0);
}

TEST(Secret, MayBeReleasedInAChildAndKeptInTheParent) {
  auto secret = Secret::copy_of(std::string(32, 'x'));
  const auto* data = secret.view().data();
  const auto status = in_child([&] {
    secret.wipe();
    if (std::any_of(data, data + 32, [](auto octet) { return octet == 'x'; })) return 1;
    for (int i = 0; i < 100; ++i) {
      const Secret other(32);
      if (other.view().data() == data) return 2;
    }
    return 0;
  });
  EXPECT_EQ(status, 0);
  EXPECT_EQ(as_text(secret.view()), std::string(32, 'x'));
}

// A fork while other threads are inside the allocator leaves the child nothing to wait for.
TEST(Secret, WorksInAChildForkedAmidUse) {
  std::atomic<bool> stop = false;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&stop, t] {
      while (!stop) {
        const auto secret =
            Secret::copy_of(std::string(static_cast<std::size_t>(20 + 300 * t), 's'));
      }
    });
  }
  for (int i = 0; i < 60; ++i) {
    const auto status = in_child([] {
      const auto first = Secret::copy_of("child");
      const Secret second(1000);
      return as_text(first.view()) == "child" ? 0 : 1;
    });
    ASSERT_EQ(status, 0) << "child " << i;
  }
  stop = true;
  for (auto& thread : threads) thread.join();
}

TEST(Secret, ServesManyThreads) {
  std::vector<std::thread> threads;
  std::atomic<int> wrong = 0;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&wrong, t] {
      std::vector<Secret> held;
      for (int i = 0; i < 2000; ++i) {
        held.push_back(Secret::copy_of(
            std::string(static_cast<std::size_t>(1 + i % 700), static_cast<char>('a' + t))));
        if (held.size() > 50) held.erase(held.begin());
        for (const auto octet : held.front().view()) wrong += octet != 'a' + t;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

TEST(Secret, LogsOnceWhereNothingMoreMayBeLocked) {
  if (!locks_memory) GTEST_SKIP() << "sanitizers lock no memory";
  const auto status = in_child([] {
    const rlimit none = {0, 0};
    setrlimit(RLIMIT_MEMLOCK, &none);
    if (geteuid() == 0 && (setgroups(0, nullptr) != 0 || setgid(65534) != 0 || setuid(65534) != 0))
      return 100;
    int warnings = 0;
    set_log_sink([&](LogLevel level, std::string_view line) {
      warnings += level == LogLevel::warning && line.starts_with("cannot lock memory");
    });
    std::vector<Secret> held;
    for (int i = 0; i < 40; ++i) held.push_back(Secret::copy_of(std::string(9000, 'x')));
    if (held.back().view()[8999] != 'x') return 101;
    return warnings;
  });
  EXPECT_EQ(status, 1);
}

}  // namespace
}  // namespace keystore
