#include "keystore/internal/per_process.h"

#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <thread>
#include <vector>

namespace keystore {
namespace {

struct Counter {
  std::atomic<int> value = 0;
};

// What a forked child finds in the counter, and in that of its own child.
int seen_by_children(PerProcess<Counter>& counter) {
  counter.get().value = 1;
  const auto pid = fork();
  if (pid == 0) {
    alarm(20);
    const int inherited = counter.get().value;
    counter.get().value = 7;
    const auto grandchild = fork();
    if (grandchild == 0) _exit(counter.get().value);
    int status = 0;
    waitpid(grandchild, &status, 0);
    _exit(inherited * 100 + WEXITSTATUS(status) * 10 + (counter.get().value == 7 ? 0 : 1));
  }
  int status = 0;
  waitpid(pid, &status, 0);
  return WIFEXITED(status) && counter.get().value == 1 ? WEXITSTATUS(status) : -1;
}

TEST(PerProcess, IsFreshInEveryChildAndKeptInTheParent) {
  static constinit PerProcess<Counter> counter;
  EXPECT_EQ(seen_by_children(counter), 0);
  EXPECT_EQ(seen_by_children(counter), 0);
}

TEST(PerProcess, IsOneForAllThreads) {
  static constinit PerProcess<Counter> counter;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([] {
      for (int j = 0; j < 1000; ++j) ++counter.get().value;
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(counter.get().value, 8000);
}

// Takes MADV_WIPEONFORK away, as a kernel without it would.
bool forbid_wiping() {
  sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_madvise, 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args[2])),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, MADV_WIPEONFORK, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EINVAL),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog filter = {std::size(program), program};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0 &&
         madvise(nullptr, 0, MADV_WIPEONFORK) != 0;
}

TEST(PerProcessDeathTest, WorksWhereTheKernelWipesNoPages) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        static constinit PerProcess<Counter> first;
        static constinit PerProcess<Counter> second;
        if (!forbid_wiping()) _exit(77);
        const int status = seen_by_children(first) + seen_by_children(second);
        _exit(status);
      },
      ::testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace keystore
