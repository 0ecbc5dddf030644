#include "workers.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <latch>
#include <memory>
#include <set>
#include <thread>
#include <vector>

#include "clock.h"
#include "event.h"
#include "no_threads.h"

namespace cgi {
namespace {

using std::chrono::milliseconds;

TEST(Workers, RunEachTaskAtOnce) {
  constexpr std::ptrdiff_t kTasks = 50;
  Workers workers;
  std::latch all(kTasks);  // each task waits for all others
  for (std::ptrdiff_t i = 0; i < kTasks; ++i) EXPECT_TRUE(workers.run([&] { all.arrive_and_wait(); }));
  EXPECT_TRUE(workers.end(kPatience));
  EXPECT_TRUE(all.try_wait());
}

TEST(Workers, UseIdleThreadsAgain) {
  constexpr int kTasks = 1000;
  Workers workers;
  std::set<pid_t> threads;
  for (int i = 0; i < kTasks; ++i) {
    Event done;
    ASSERT_TRUE(workers.run([&] {
      threads.insert(::gettid());
      done.happen();
    }));
    done.wait();
  }
  EXPECT_LT(threads.size(), kTasks / 10U);  // a thread may not be idle yet when the next task comes
  EXPECT_TRUE(workers.end(kPatience));
}

TEST(Workers, RefuseATaskWithoutThreadsUntilOneIsIdle) {
  if (!NoThreads::kWorks) GTEST_SKIP() << "this system cannot run out of threads here";
  Workers workers;
  Event begun;
  Event release;
  std::atomic<bool> has_run = false;
  ASSERT_TRUE(workers.run([&] {
    begun.happen();
    release.wait();
  }));
  begun.wait();
  {
    const NoThreads none;
    EXPECT_FALSE(workers.run([&] { has_run = true; }));
    release.happen();
    const auto deadline = Clock::now() + kPatience;
    bool is_taken = false;
    while (!is_taken && Clock::now() < deadline) is_taken = workers.run([&] { has_run = true; });
    EXPECT_TRUE(is_taken);
  }
  EXPECT_TRUE(workers.end(kPatience));
  EXPECT_TRUE(has_run);
}

TEST(Workers, EndOnceNoTaskIsUnderWay) {
  Workers workers;
  Event begun;
  Event release;
  EXPECT_TRUE(workers.run([&] {
    begun.happen();
    release.wait();
  }));
  begun.wait();
  EXPECT_FALSE(workers.end(milliseconds(1)));
  release.happen();
  EXPECT_TRUE(workers.end(kPatience));
}

TEST(Workers, RunTheTasksThatWaitBeforeTheyEnd) {
  Workers workers;
  std::atomic<int> count = 0;
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(workers.run([&] { ++count; }));
  EXPECT_TRUE(workers.end(kPatience));
  EXPECT_EQ(100, count);
}

TEST(Workers, DropATaskAfterItHasRun) {
  Workers workers;
  const auto owned = std::make_shared<int>(0);
  EXPECT_TRUE(workers.run([owned] { ++*owned; }));
  EXPECT_TRUE(workers.end(kPatience));
  EXPECT_EQ(1, owned.use_count());
  EXPECT_EQ(1, *owned);
}

TEST(Workers, MayEndWithoutATask) {
  Workers workers;
  EXPECT_TRUE(workers.end(milliseconds(0)));
}

}  // namespace
}  // namespace cgi
