// Tests the load on a server in this process.

#include "load.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <functional>
#include <thread>

#include "../../server/unique_fd.h"

namespace cgi::bench {
namespace {

const Expected kHello{{200}, true, Repeated("hello\n")};
constexpr char kNotYet[] = "HTTP/1.1 200 OK\r\n";
constexpr char kAnswer[] = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello\n";

// Returns the answer to request number n (from 0, over all connections). An empty answer closes the connection.
using Answers = std::function<std::string(int n)>;

class Server {
 public:
  explicit Server(Answers answers) : answers_(std::move(answers)), listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address_.length = sizeof address;
    ::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address);
    ::listen(listener_.get(), 100);
    ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address_.storage), &address_.length);
    std::array<int, 2> ends{};
    if (::pipe(ends.data()) != 0) std::abort();
    stop_.reset(ends[0]);
    stopper_.reset(ends[1]);
    thread_ = std::thread([this] { serve(); });
  }
  ~Server() {
    stopper_.reset();
    thread_.join();
  }
  const Address& address() const { return address_; }

 private:
  void serve() {
    std::vector<UniqueFd> clients;
    while (true) {
      std::vector<pollfd> fds = {{stop_.get(), POLLIN, 0}, {listener_.get(), POLLIN, 0}};
      for (const auto& client : clients) fds.push_back({client.get(), POLLIN, 0});
      ::poll(fds.data(), fds.size(), -1);
      if (fds[0].revents != 0) return;
      for (std::size_t i = 2; i < fds.size(); ++i) {
        if (fds[i].revents != 0 && !answer(clients[i - 2].get())) clients[i - 2].reset();
      }
      std::erase_if(clients, [](const UniqueFd& client) { return !client; });
      if (fds[1].revents != 0) clients.emplace_back(::accept(listener_.get(), nullptr, nullptr));
    }
  }

  bool answer(int client) {
    std::array<char, 4096> request{};
    if (::recv(client, request.data(), request.size(), 0) <= 0) return false;
    const std::string text = answers_(count_++);
    return !text.empty() && ::send(client, text.data(), text.size(), MSG_NOSIGNAL) > 0;
  }

  Answers answers_;
  UniqueFd listener_;
  UniqueFd stop_;
  UniqueFd stopper_;
  Address address_;
  int count_ = 0;
  std::thread thread_;
};

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
