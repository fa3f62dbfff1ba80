#include "keystore/internal/worker_pool.h"

#include <gmock/gmock.h>
#include <signal.h>

#include <functional>
#include <future>
#include <thread>
#include <vector>

#include "tests/support/gate.h"

namespace keystore {
namespace {

using namespace std::chrono_literals;
using testing::Gate;
using testing::new_gate;
using Clock = PoolTask::Clock;

/// How it ended: nothing when it ran and nobody gave it up before.
using End = std::optional<Abandoned>;

class Task final : public PoolTask {
 public:
  explicit Task(std::function<void()> body, Clock::duration time = 1min)
      : PoolTask(Clock::now() + time), body_(std::move(body)) {}
  void run() noexcept override {
    body_();
    if (!told_.exchange(true)) end_.set_value(std::nullopt);
  }
  void abandon(Abandoned why) noexcept override {
    if (!told_.exchange(true)) end_.set_value(why);
  }
  End end() { return end_.get_future().get(); }

 private:
  std::function<void()> body_;
  std::atomic<bool> told_ = false;
  std::promise<End> end_;
};

std::shared_ptr<Task> task(std::function<void()> body, Clock::duration time = 1min) {
  return std::make_shared<Task>(std::move(body), time);
}

/// Never destroyed, as in a process.
template <std::size_t Workers, std::size_t Queue>
WorkerPool& new_pool() {
  static std::vector<WorkerPool*> kept;
  kept.push_back(new WorkerPool([] { return PoolLimits{.workers = Workers, .queue = Queue}; }));
  return *kept.back();
}

/// Long enough to find a worker on a busy machine.
constexpr auto short_time = 500ms;

TEST(WorkerPool, RunsAsManyAtOnceAsItHasWorkers) {
  auto& pool = new_pool<3, 100>();
  auto& gate = new_gate();
  std::vector<std::shared_ptr<Task>> tasks;
  for (int i = 0; i < 20; ++i) {
    tasks.push_back(task([&] { gate.pass(); }));
    ASSERT_TRUE(pool.submit(tasks.back()));
  }
  gate.await(3);
  gate.open();
  for (const auto& each : tasks) EXPECT_EQ(each->end(), End());
  EXPECT_EQ(gate.most_inside(), 3);
}

TEST(WorkerPool, RefusesWhatItsQueueDoesNotHold) {
  auto& pool = new_pool<1, 2>();
  auto& gate = new_gate();
  const auto first = task([&] { gate.pass(); });
  ASSERT_TRUE(pool.submit(first));
  gate.await(1);
  const std::vector waiting = {task([] {}), task([] {})};
  for (const auto& each : waiting) ASSERT_TRUE(pool.submit(each));
  const auto refused = pool.submit(task([] { ADD_FAILURE(); }));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::unavailable);
  EXPECT_THAT(refused.error().message, ::testing::HasSubstr("2 operations wait"));
  EXPECT_THAT(refused.error().hint, ::testing::HasSubstr("async_queue"));
  gate.open();
  for (const auto& each : waiting) EXPECT_EQ(each->end(), End());
  EXPECT_TRUE(pool.submit(task([] {})));
}

TEST(WorkerPool, GivesUpAtTheDeadlineWhatFoundNoWorker) {
  auto& pool = new_pool<1, 10>();
  auto& gate = new_gate();
  const auto first = task([&] { gate.pass(); });
  ASSERT_TRUE(pool.submit(first));
  gate.await(1);
  const auto late = task([] { ADD_FAILURE(); }, 30ms);
  ASSERT_TRUE(pool.submit(late));
  EXPECT_EQ(late->end(), Abandoned::no_worker);
  gate.open();
  EXPECT_EQ(first->end(), End());
}

TEST(WorkerPool, ReplacesAWorkerThatHangs) {
  auto& pool = new_pool<1, 10>();
  auto& gate = new_gate();
  const auto hanging = task([&] { gate.pass(); }, short_time);
  const auto next = task([] {});
  ASSERT_TRUE(pool.submit(hanging));
  ASSERT_TRUE(pool.submit(next));
  EXPECT_EQ(hanging->end(), Abandoned::too_long);
  EXPECT_EQ(next->end(), End());
  // Back again, it is one too many, and waits its turn.
  gate.open();
  auto& second_gate = new_gate();
  std::vector<std::shared_ptr<Task>> tasks;
  for (int i = 0; i < 5; ++i) {
    tasks.push_back(task([&] { second_gate.pass(); }));
    ASSERT_TRUE(pool.submit(tasks.back()));
  }
  second_gate.await(1);
  second_gate.open();
  for (const auto& each : tasks) EXPECT_EQ(each->end(), End());
  EXPECT_EQ(second_gate.most_inside(), 1);
}

TEST(WorkerPool, RefusesAtOnceWhenAllHangUntilOneIsBack) {
  auto& pool = new_pool<1, 10>();
  auto& gate = new_gate();
  for (int i = 0; i < 2; ++i) {
    const auto hanging = task([&] { gate.pass(); }, short_time);
    ASSERT_TRUE(pool.submit(hanging));
    gate.await(i + 1);
    EXPECT_EQ(hanging->end(), Abandoned::too_long);
  }
  const auto refused = pool.submit(task([] { ADD_FAILURE(); }));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::unavailable);
  EXPECT_THAT(refused.error().message, ::testing::HasSubstr("all 2 workers hang"));
  gate.open();
  const auto until = Clock::now() + 20s;
  auto after = task([] {});
  while (!pool.submit(after) && Clock::now() < until) std::this_thread::yield();
  EXPECT_EQ(after->end(), End());
}

TEST(WorkerPool, CancelsWhatWaitsAndWhatRuns) {
  auto& pool = new_pool<1, 10>();
  auto& gate = new_gate();
  const auto running = task([&] { gate.pass(); });
  const auto waiting = task([] { ADD_FAILURE(); });
  ASSERT_TRUE(pool.submit(running));
  gate.await(1);
  ASSERT_TRUE(pool.submit(waiting));
  pool.cancel(*waiting);
  pool.cancel(*waiting);
  EXPECT_EQ(waiting->end(), Abandoned::cancelled);
  pool.cancel(*running);
  EXPECT_EQ(running->end(), Abandoned::cancelled);
  // Its worker stays what it is: busy.
  const auto next = task([] {});
  ASSERT_TRUE(pool.submit(next));
  EXPECT_EQ(gate.most_inside(), 1);
  gate.open();
  EXPECT_EQ(next->end(), End());
  pool.cancel(*next);
  pool.cancel(*running);
}

TEST(WorkerPool, EndsWithTheProcess) {
  auto& pool = new_pool<1, 10>();
  auto& gate = new_gate();
  const auto running = task([&] { gate.pass(); });
  const auto waiting = task([] { ADD_FAILURE(); });
  ASSERT_TRUE(pool.submit(running));
  gate.await(1);
  ASSERT_TRUE(pool.submit(waiting));
  std::jthread stopper([&] { pool.stop(); });
  EXPECT_EQ(waiting->end(), Abandoned::process_ends);
  EXPECT_FALSE(pool.submit(task([] { ADD_FAILURE(); })));
  gate.open();
  stopper.join();
  EXPECT_EQ(running->end(), End());
}

TEST(WorkerPool, DoesNotHoldTheEndOfTheProcessForWhatHangs) {
  auto& pool = new_pool<1, 10>();
  auto& gate = new_gate();
  const auto hanging = task([&] { gate.pass(); }, short_time);
  ASSERT_TRUE(pool.submit(hanging));
  gate.await(1);
  const auto start = Clock::now();
  pool.stop();
  EXPECT_LT(Clock::now() - start, 1500ms);
  EXPECT_EQ(hanging->end(), Abandoned::too_long);
}

TEST(WorkerPool, MayBeEndedByAWorker) {
  auto& pool = new_pool<2, 10>();
  const auto ending = task([&] { pool.stop(); });
  const auto start = Clock::now();
  ASSERT_TRUE(pool.submit(ending));
  EXPECT_EQ(ending->end(), End());
  EXPECT_LT(Clock::now() - start, 1500ms);
}

TEST(WorkerPool, TakesNoSignals) {
  auto& pool = new_pool<1, 10>();
  sigset_t blocked = {};
  const auto looking = task([&] { ::pthread_sigmask(SIG_SETMASK, nullptr, &blocked); });
  ASSERT_TRUE(pool.submit(looking));
  EXPECT_EQ(looking->end(), End());
  for (const int signal : {SIGTERM, SIGHUP, SIGALRM, SIGCHLD, SIGPIPE, SIGUSR1}) {
    EXPECT_EQ(::sigismember(&blocked, signal), 1) << signal;
  }
}

TEST(WorkerPool, ServesManyThreads) {
  auto& pool = new_pool<4, 100'000>();
  std::atomic<int> done = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        for (int j = 0; j < 2000; ++j) {
          const auto each = task([&] { ++done; });
          ASSERT_TRUE(pool.submit(each));
          if (j % 3 == 0) pool.cancel(*each);
          if (j % 5 == 0) each->end();
        }
      });
    }
  }
  const auto last = task([] {});
  ASSERT_TRUE(pool.submit(last));
  EXPECT_EQ(last->end(), End());
  EXPECT_GE(done, 4 * 2000 * 3 / 5);
}

}  // namespace
}  // namespace keystore
