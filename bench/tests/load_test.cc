// Tests the load on a server in this process.

#include "load.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "answering_server.h"

namespace cgi::bench {
namespace {

LoadPlan plan_for(const Server& server, std::uint64_t requests, int clients = 1) {
  LoadPlan plan;
  plan.address = server.address();
  plan.round = {{"GET / HTTP/1.1\r\nHost: x\r\n\r\n", &kHello, 0, false}};
  plan.requests = requests;
  plan.clients = clients;
  return plan;
}

TEST(Load, SendsEveryRequestAndComparesItsAnswer) {
  Server server([](int) { return kAnswer; });
  for (int clients : {1, 3, 64}) {
    const auto result = run_load(plan_for(server, 500, clients));
    EXPECT_EQ(500u, result.latencies.count());
    EXPECT_EQ(500u, result.asked);
    EXPECT_EQ(0u, result.failed + result.wrong) << result.first_failure << result.first_wrong;
    EXPECT_EQ(500u * 6, result.octets);
    EXPECT_LE(result.connections, static_cast<std::uint64_t>(clients));
  }
}

// One of four clients gets no answer. It is a failure, but must not hide the answers of the other clients.
TEST(Load, CountsTheOthersWhileOneClientWaits) {
  constexpr auto kDuration = std::chrono::milliseconds(200);
  Server server([](int n) { return n == 0 ? kNotYet : kAnswer; });
  auto plan = plan_for(server, 0, 4);
  plan.duration = kDuration;
  plan.timeout = 4 * kDuration;
  const auto result = run_load(plan);
  EXPECT_EQ(1u, result.failed);
  EXPECT_GT(result.in_time, 3u);
  EXPECT_GE(result.in_time, result.latencies.count() - 3);
  EXPECT_GE(result.seconds, std::chrono::duration<double>(kDuration).count());
  EXPECT_LT(result.seconds, std::chrono::duration<double>(plan.timeout).count());
}

TEST(Load, CountsAWrongAnswer) {
  Server server([](int n) { return n == 300 ? "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhullo\n" : kAnswer; });
  const auto result = run_load(plan_for(server, 500, 4));
  EXPECT_EQ(1u, result.wrong);
  EXPECT_EQ(499u, result.latencies.count());
  EXPECT_EQ("content of the right length, but not the right content", result.first_wrong);
}

TEST(Load, CountsAnIncompleteAnswerAsAFailure) {
  Server server(
      [](int n) { return n == 5 ? "HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nhel" : kAnswer; });
  auto plan = plan_for(server, 6);
  plan.timeout = std::chrono::milliseconds(300);
  const auto result = run_load(plan);
  EXPECT_EQ(1u, result.failed);
  EXPECT_EQ("no complete answer in time", result.first_failure);
}

TEST(Load, ConnectsAgainIfTheServerClosesBetweenRequests) {
  Server server([](int n) { return n % 10 == 9 ? "" : kAnswer; });
  const auto result = run_load(plan_for(server, 90));
  EXPECT_EQ(0u, result.failed) << result.first_failure;
  EXPECT_EQ(90u, result.latencies.count());
  EXPECT_GE(result.connections, 9u);
}

TEST(Load, EndsTheRunIfEveryConnectionClosesWithoutAnAnswer) {
  Server server([](int) { return ""; });
  const auto result = run_load(plan_for(server, 1'000'000));
  EXPECT_EQ("closed without an answer", result.first_failure);
  EXPECT_LT(result.asked, 1000u);
}

TEST(Load, FailsWithoutAServer) {
  LoadPlan plan;
  {
    Server gone([](int) { return kAnswer; });
    plan = plan_for(gone, 1'000'000);
  }
  const auto result = run_load(plan);
  EXPECT_EQ(result.asked, result.failed);
  EXPECT_EQ(0u, result.first_failure.rfind("cannot connect", 0)) << result.first_failure;
}

TEST(Load, EndsWhenItIsOver) {
  std::atomic<bool> over = false;
  Server server([&over](int n) {
    over = n == 99;
    return kAnswer;
  });
  auto plan = plan_for(server, 0);
  plan.over = &over;
  const auto result = run_load(plan);
  EXPECT_EQ(100u, result.asked);
  EXPECT_EQ(100u, result.latencies.count());
}

TEST(Load, UsesAConnectionForEachRequestIfAsked) {
  Server server([](int) { return kAnswer; });
  auto plan = plan_for(server, 50, 4);
  plan.round[0].close = true;
  const auto result = run_load(plan);
  EXPECT_EQ(50u, result.connections);
  EXPECT_EQ(50u, result.latencies.count());
}

// The server stops once for a while. Meanwhile the closed loop sends nothing and shows one slow answer among 400. In
// the open loop each request that is due in that time is late.
TEST(Load, ShowsAStallOnceInTheClosedLoopAndOftenInTheOpenLoop) {
  constexpr auto kStall = std::chrono::milliseconds(400);
  constexpr Nanoseconds kLate = std::chrono::milliseconds(50);
  const auto stall_once = [&](int n) {
    if (n == 40) std::this_thread::sleep_for(kStall);
    return kAnswer;
  };
  Server first(stall_once);
  auto closed = run_load(plan_for(first, 400));
  Server second(stall_once);
  auto plan = plan_for(second, 400, 64);
  plan.rate = 1000;
  auto open = run_load(plan);
  EXPECT_EQ(400u, closed.latencies.count());
  EXPECT_EQ(400u, open.latencies.count());
  EXPECT_LT(closed.latencies.percentile(90), kLate);
  EXPECT_GE(closed.latencies.percentile(100), kStall);
  EXPECT_GE(open.latencies.percentile(50), kLate);
  EXPECT_GE(open.latencies.percentile(100), kStall);
}

}  // namespace
}  // namespace cgi::bench
