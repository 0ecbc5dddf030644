#include "event_loop.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <fstream>
#include <functional>
#include <future>
#include <memory>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "event.h"
#include "fill.h"
#include "no_threads.h"
#include "script.h"
#include "socket_pair.h"

namespace cgi {
namespace {

constexpr auto kNever = Clock::time_point::max();
constexpr std::size_t kBlock = 16 * 1024;  // the most that a client reads at once

int threads_of_this_process() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("Threads:")) return std::stoi(line.substr(8));
  }
  throw std::runtime_error("/proc/self/status has no line Threads");
}

// The coroutines that serve the connections of these tests.

// Answers with the same octets until `deadline` or the end of the client. Tells how the input ended.
Served echo(EventLoop& loop, UniqueFd socket, Clock::time_point deadline = kNever, std::promise<Fill>* end = nullptr,
            bool gives_way = true) {
  Client client(loop, std::move(socket));
  client.gives_way = gives_way;
  for (;;) {
    const Fill filled = co_await client.input(deadline);
    if (filled != Fill::kData) {
      if (end != nullptr) end->set_value(filled);
      co_return;
    }
    const std::string text(client.connection.buffered());
    client.connection.consume(text.size());
    const bool is_sent = co_await client.sent(text);
    if (!is_sent) co_return;
  }
}

// Answers each read with an octet, and notes `name`.
Served note_reads(EventLoop& loop, UniqueFd socket, char name, std::string& reads) {
  Client client(loop, std::move(socket));
  for (;;) {
    const Fill filled = co_await client.input(kNever);
    if (filled != Fill::kData) co_return;
    client.connection.consume(client.connection.buffered().size());
    reads += name;
    const bool is_sent = co_await client.sent("x");
    if (!is_sent) co_return;
  }
}

// Sends `text`, and tells if the client took it.
Served send(EventLoop& loop, UniqueFd socket, std::string text, std::promise<bool>& sent) {
  Client client(loop, std::move(socket));
  const bool is_sent = co_await client.sent(text);
  sent.set_value(is_sent);
}

struct Worked {
  std::optional<After> result;
  std::thread::id before, after;  // the threads that ran the coroutine
};

// Has a worker run `work` after the first octets. Then answers with "worked" or "refused".
Served work(EventLoop& loop, UniqueFd socket, std::function<After(Connection&)> work, std::promise<Worked>* done) {
  Client client(loop, std::move(socket));
  const Fill filled = co_await client.input(kNever);
  if (filled != Fill::kData) co_return;
  Worked worked;
  worked.before = std::this_thread::get_id();
  worked.result = co_await client.worked([&] { return work(client.connection); });
  worked.after = std::this_thread::get_id();
  const std::string answer = worked.result ? "worked" : "refused";
  if (done != nullptr) done->set_value(worked);
  co_await client.sent(answer);
}

// A client in memory that is zero after the end of the client. A loop that still uses the client changes it.
class Remains {
 public:
  Client* make(EventLoop& loop, UniqueFd socket) { return new (memory_.data()) Client(loop, std::move(socket)); }
  void end(Client* client) {
    client->~Client();
    memory_.fill(std::byte{0});
    ended.happen();
  }
  bool are_untouched() const {
    return std::all_of(memory_.begin(), memory_.end(), [](std::byte octet) { return octet == std::byte{0}; });
  }
  Event ended;

 private:
  alignas(Client) std::array<std::byte, sizeof(Client)> memory_;
};

// Ends after the first input, or if the client has to give way.
Served leave_remains(EventLoop& loop, UniqueFd socket, Remains& remains, Event* begun = nullptr) {
  Client* client = remains.make(loop, std::move(socket));
  if (begun != nullptr) begun->happen();
  co_await client->input(kNever);
  remains.end(client);
}

// Reads `blocks` blocks. Each time, the client sends the next one at once.
Served leave_remains_after(EventLoop& loop, SocketPair& sockets, int blocks, Remains& remains) {
  Client* client = remains.make(loop, std::move(sockets.server));
  const std::string block(kBlock, 'x');
  for (int i = 0; i < blocks; ++i) {
    ::send(sockets.client.get(), block.data(), block.size(), 0);
    const Fill filled = co_await client->input(kNever);
    if (filled != Fill::kData) break;
    client->connection.consume(client->connection.buffered().size());
  }
  remains.end(client);
}

class EventLoopTest : public ::testing::Test {
 protected:
  using Serve = std::function<void(EventLoop&, UniqueFd)>;

  EventLoopTest() {
    ::signal(SIGPIPE, SIG_IGN);  // as the server does
    listen(AF_INET);
  }
  ~EventLoopTest() override {
    stop();
    EXPECT_TRUE(workers_.end(kPatience));
  }

  // Listens on any address of the family, on a free port.
  bool listen(int family) {
    listener_.reset(::socket(family, SOCK_STREAM, 0));
    if (!listener_) return false;
    ::fcntl(listener_.get(), F_SETFL, O_NONBLOCK);
    const int off = 0;
    if (family == AF_INET6) ::setsockopt(listener_.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    sockaddr_in6 v6{};
    sockaddr_in v4{};
    v6.sin6_family = AF_INET6;
    v4.sin_family = AF_INET;
    v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const bool is_v6 = family == AF_INET6;
    const auto* address = is_v6 ? reinterpret_cast<sockaddr*>(&v6) : reinterpret_cast<sockaddr*>(&v4);
    return ::bind(listener_.get(), address, is_v6 ? sizeof v6 : sizeof v4) == 0 && ::listen(listener_.get(), 4096) == 0;
  }

  // Starts the loop.
  void run(Serve serve = [](EventLoop& loop, UniqueFd socket) { echo(loop, std::move(socket)); }) {
    serve_ = std::move(serve);
    ended_ = std::async(std::launch::async, [this] { return loop_.run(listener_.get()); });
  }
  // Returns the result of EventLoop::run().
  bool stop() {
    if (!ended_.valid()) return true;
    loop_.stop();
    return await(std::move(ended_));
  }

  // Returns a connection to the loop, from 127.0.0.1.
  UniqueFd connect() {
    sockaddr_storage bound{};
    socklen_t length = sizeof bound;
    ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&bound), &length);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = reinterpret_cast<const sockaddr_in&>(bound).sin_port;  // at the same place in IPv6
    UniqueFd client(::socket(AF_INET, SOCK_STREAM, 0));
    const timeval patience{kPatience.count(), 0};
    ::setsockopt(client.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (::connect(client.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
      throw std::system_error(errno, std::generic_category(), "connect");
    }
    return client;
  }

  // Returns the next `count` octets, or those before the end.
  static std::string received(const UniqueFd& client, std::size_t count) {
    std::string text(count, '\0');
    std::size_t length = 0;
    while (length < count) {
      const ssize_t got = ::read(client.get(), text.data() + length, count - length);
      if (got <= 0) break;
      length += static_cast<std::size_t>(got);
    }
    text.resize(length);
    return text;
  }
  static std::string answer(const UniqueFd& client, const std::string& text) {
    ::send(client.get(), text.data(), text.size(), 0);
    return received(client, text.size());
  }
  // Waits for the end of the connection.
  static bool is_closed(const UniqueFd& client) {
    char octet;
    const ssize_t count = ::read(client.get(), &octet, 1);
    return count == 0 || (count < 0 && errno == ECONNRESET);
  }

  // Waits until the loop has run `task`.
  void in_loop(std::function<void()> task) {
    const auto done = std::make_shared<Event>();
    loop_.post([done, task = std::move(task)] {
      task();
      done->happen();
    });
    done->wait();
  }
  // Waits until the loop has handled all that has happened before.
  void turn() {
    in_loop([] {});
    in_loop([] {});
  }
  // Has the loop wait in a task while `meanwhile` runs. All that happens then comes to the loop in one turn.
  void in_one_turn(const std::function<void()>& meanwhile) {
    const auto held = std::make_shared<Event>();
    const auto release = std::make_shared<Event>();
    loop_.post([held, release] {
      held->happen();
      release->wait();
    });
    held->wait();
    meanwhile();
    release->happen();
  }

  Workers workers_;
  UniqueFd listener_;
  Serve serve_;
  std::vector<Peer> peers_;  // in the thread of the loop
  EventLoop loop_{workers_, [this](EventLoop& loop, UniqueFd socket, Peer peer) {
                    peers_.push_back(std::move(peer));
                    serve_(loop, std::move(socket));
                  }};
  std::future<bool> ended_;
  std::promise<Fill> filled_;
  std::promise<bool> sent_;
  std::promise<Worked> worked_;
  Remains remains_;
};

TEST_F(EventLoopTest, ServesManyConnectionsInOneThread) {
  run();
  std::vector<UniqueFd> clients;
  for (int i = 0; i < 100; ++i) clients.push_back(connect());
  const int threads = threads_of_this_process();
  for (int round = 0; round < 3; ++round) {
    for (std::size_t i = 0; i < clients.size(); ++i) {
      const std::string text = "client " + std::to_string(i);
      EXPECT_EQ(text, answer(clients[i], text));
    }
  }
  EXPECT_GE(threads, threads_of_this_process());  // a thread of another test may end
  EXPECT_EQ(100U, loop_.load());
  clients.clear();
  while (loop_.load() > 0) turn();
}

TEST_F(EventLoopTest, KnowsTheAddressOfAClient) {
  run();
  const UniqueFd client = connect();
  EXPECT_EQ("x", answer(client, "x"));
  sockaddr_in own{};
  socklen_t length = sizeof own;
  ::getsockname(client.get(), reinterpret_cast<sockaddr*>(&own), &length);
  in_loop([&] {
    ASSERT_EQ(1U, peers_.size());
    EXPECT_EQ("127.0.0.1", peers_[0].address);
    EXPECT_EQ(ntohs(own.sin_port), peers_[0].port);
  });
}

TEST_F(EventLoopTest, ShowsAnIPv4ClientOfAnIPv6ListenerAsIPv4) {
  if (!listen(AF_INET6)) GTEST_SKIP() << "no IPv6";
  run();
  const UniqueFd client = connect();
  EXPECT_EQ("x", answer(client, "x"));
  in_loop([&] { EXPECT_EQ("127.0.0.1", peers_.at(0).address); });
}

TEST_F(EventLoopTest, EndsAnInputAtItsDeadlineHoweverTheClientGoesOn) {
  const auto deadline = from_now(0.1);
  run([&](EventLoop& loop, UniqueFd socket) { echo(loop, std::move(socket), deadline, &filled_); });
  const UniqueFd client = connect();
  while (answer(client, "x") == "x") {
  }
  EXPECT_EQ(Fill::kTimeout, await(filled_.get_future()));
  EXPECT_LE(deadline, Clock::now());
}

TEST_F(EventLoopTest, EndsTheInputOfAQuietClientAtItsDeadline) {
  const auto deadline = from_now(0.1);
  run([&](EventLoop& loop, UniqueFd socket) { echo(loop, std::move(socket), deadline, &filled_); });
  const UniqueFd client = connect();
  EXPECT_TRUE(is_closed(client));
  EXPECT_EQ(Fill::kTimeout, await(filled_.get_future()));
  EXPECT_LE(deadline, Clock::now());
}

TEST_F(EventLoopTest, TellsAnEndFromABrokenConnection) {
  for (const bool is_reset : {false, true}) {
    std::promise<Fill> filled;
    {
      EventLoop loop(workers_, [&](EventLoop& self, UniqueFd socket, const Peer&) {
        echo(self, std::move(socket), kNever, &filled);
      });
      auto ended = std::async(std::launch::async, [&] { return loop.run(listener_.get()); });
      UniqueFd client = connect();
      EXPECT_EQ("x", answer(client, "x"));
      const linger at_once{1, 0};
      if (is_reset) ::setsockopt(client.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
      client.reset();
      EXPECT_EQ(is_reset ? Fill::kBroken : Fill::kEnd, await(filled.get_future()));
      loop.stop();
      EXPECT_TRUE(await(std::move(ended)));
    }
  }
}

TEST_F(EventLoopTest, SendsMuchToASlowClientWhileItServesOthers) {
  std::string much;
  while (much.size() < 8 << 20) much += std::to_string(much.size()) + " ";
  int clients = 0;
  run([&](EventLoop& loop, UniqueFd socket) {
    if (clients++ == 0) {
      send(loop, std::move(socket), much, sent_);
    } else {
      echo(loop, std::move(socket));
    }
  });
  const UniqueFd slow = connect();
  const UniqueFd other = connect();
  std::string taken;
  while (taken.size() < much.size()) {
    EXPECT_EQ("x", answer(other, "x"));
    const std::string some = received(slow, std::min<std::size_t>(much.size() - taken.size(), 100'000));
    if (some.empty()) break;
    taken += some;
  }
  EXPECT_TRUE(much == taken);  // not EXPECT_EQ: it would print both
  EXPECT_TRUE(await(sent_.get_future()));
}

TEST_F(EventLoopTest, ReadsNoMoreFromAClientWithAnAnswerBeforeOthersHaveTheirTurn) {
  std::string reads;  // only the thread of the loop touches it
  char name = 'a';
  run([&](EventLoop& loop, UniqueFd socket) { note_reads(loop, std::move(socket), name++, reads); });
  const UniqueFd a = connect();
  const UniqueFd b = connect();
  turn();
  const std::string blocks(3 * kBlock, 'x');
  in_one_turn([&] {
    ::send(a.get(), blocks.data(), blocks.size(), 0);
    ::send(b.get(), "x", 1, 0);
  });
  std::size_t count = 0;
  while (count < 4) in_loop([&] { count = reads.size(); });
  EXPECT_GE(1U, reads.find('b')) << reads;
}

TEST_F(EventLoopTest, StopsSendingIfTheClientLeaves) {
  run([&](EventLoop& loop, UniqueFd socket) { send(loop, std::move(socket), std::string(8 << 20, 'x'), sent_); });
  UniqueFd client = connect();
  EXPECT_EQ("x", received(client, 1));
  client.reset();
  EXPECT_FALSE(await(sent_.get_future()));
}

TEST_F(EventLoopTest, StopsSendingIfItMustEnd) {
  run([&](EventLoop& loop, UniqueFd socket) { send(loop, std::move(socket), std::string(8 << 20, 'x'), sent_); });
  const UniqueFd client = connect();
  EXPECT_EQ("x", received(client, 1));
  EXPECT_TRUE(stop());
  EXPECT_FALSE(await(sent_.get_future()));
}

TEST_F(EventLoopTest, AWorkerRunsWhatTakesTimeWhileTheLoopServesOthers) {
  Event begun;
  Event release;
  std::thread::id worker;
  int clients = 0;
  run([&](EventLoop& loop, UniqueFd socket) {
    if (clients++ > 0) return static_cast<void>(echo(loop, std::move(socket)));
    work(
        loop, std::move(socket),
        [&](Connection& connection) {
          worker = std::this_thread::get_id();
          begun.happen();
          release.wait();
          connection.send_all("from the worker, ");
          return After::kLinger;
        },
        &worked_);
  });
  const UniqueFd client = connect();
  ::send(client.get(), "x", 1, 0);
  begun.wait();
  EXPECT_EQ("other", answer(connect(), "other"));
  release.happen();
  const std::string expected = "from the worker, worked";
  EXPECT_EQ(expected, received(client, expected.size()));
  const Worked worked = await(worked_.get_future());
  EXPECT_EQ(After::kLinger, worked.result);
  EXPECT_EQ(worked.before, worked.after);
  EXPECT_NE(worked.before, worker);
}

TEST_F(EventLoopTest, AWorkerLeavesOctetsOfTheClientToTheLoop) {
  Event begun;
  Event release;
  run([&](EventLoop& loop, UniqueFd socket) {
    const auto serve = [](EventLoop& self, UniqueFd own, Event& at_begin, Event& at_end) -> Served {
      Client client(self, std::move(own));
      const Fill first = co_await client.input(kNever);
      const auto done = co_await client.worked([&] {
        at_begin.happen();
        at_end.wait();
        return After::kNextRequest;
      });
      const Fill second = co_await client.input(kNever);
      const std::string text(client.connection.buffered());
      if (first == Fill::kData && done && second == Fill::kData) co_await client.sent(text);
    };
    serve(loop, std::move(socket), begun, release);
  });
  const UniqueFd client = connect();
  ::send(client.get(), "first ", 6, 0);
  begun.wait();
  ::send(client.get(), "second", 6, 0);
  turn();  // the event comes while the worker has the connection
  release.happen();
  EXPECT_EQ("first second", received(client, 12));
}

TEST_F(EventLoopTest, ThereIsNoResultIfNoWorkerCanBeHad) {
  if (!NoThreads::kWorks) GTEST_SKIP() << "this system cannot run out of threads here";
  bool has_run = false;
  run([&](EventLoop& loop, UniqueFd socket) {
    work(
        loop, std::move(socket),
        [&](Connection&) {
          has_run = true;
          return After::kLinger;
        },
        &worked_);
  });
  const UniqueFd client = connect();
  {
    const NoThreads none;
    ::send(client.get(), "x", 1, 0);
    EXPECT_EQ("refused", received(client, 7));
  }
  EXPECT_EQ(std::nullopt, await(worked_.get_future()).result);
  EXPECT_FALSE(has_run);
}

TEST_F(EventLoopTest, RunsPostedTasksInItsThreadInTheirOrder) {
  run();
  std::vector<std::thread::id> threads;
  std::vector<int> order;
  for (int i = 0; i < 100; ++i) {
    loop_.post([&, i] {
      threads.push_back(std::this_thread::get_id());
      order.push_back(i);
    });
  }
  turn();
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
  EXPECT_EQ(100U, order.size());
  EXPECT_EQ(100, std::count(threads.begin(), threads.end(), threads.at(0)));
  EXPECT_NE(std::this_thread::get_id(), threads[0]);
}

TEST_F(EventLoopTest, LosesNoTaskOfManyThreads) {
  run();
  int count = 0;  // only the thread of the loop touches it
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 1000; ++j) loop_.post([&] { ++count; });
    });
  }
  for (std::thread& thread : threads) thread.join();
  turn();
  EXPECT_EQ(8000, count);
}

TEST_F(EventLoopTest, ClosesTheClientThatHasBeenQuietForLongest) {
  const auto base = from_now(1000);
  const std::array<int, 4> deadlines = {1, 4, 0, 3};  // seconds after `base`; the client with 0 does not give way
  std::size_t clients = 0;
  std::array<std::promise<Fill>, 4> ends;
  EXPECT_EQ(kNever, loop_.oldest());
  run([&](EventLoop& loop, UniqueFd socket) {
    const std::size_t i = clients++;
    echo(loop, std::move(socket), base + seconds(deadlines[i]), &ends[i], /*gives_way=*/deadlines[i] != 0);
  });
  std::vector<UniqueFd> sockets;
  for (std::size_t i = 0; i < deadlines.size(); ++i) {
    sockets.push_back(connect());
    EXPECT_EQ("x", answer(sockets.back(), "x"));
  }
  EXPECT_EQ("x", answer(sockets[0], "x"));
  turn();
  const auto quiet_since = loop_.oldest();
  EXPECT_LT(quiet_since, Clock::now());
  for (const std::size_t i : {1U, 3U, 0U}) {
    in_loop([&] { EXPECT_TRUE(loop_.close_oldest()); });
    EXPECT_TRUE(is_closed(sockets[i]));
    EXPECT_EQ(Fill::kBroken, await(ends[i].get_future()));
    turn();
    EXPECT_GE(loop_.oldest(), quiet_since);
  }
  in_loop([&] { EXPECT_FALSE(loop_.close_oldest()); });
  EXPECT_EQ(kNever, loop_.oldest());
  EXPECT_EQ("x", answer(sockets[2], "x"));
  EXPECT_TRUE(stop());
}

TEST_F(EventLoopTest, StopEndsEveryClient) {
  Event begun;
  std::promise<Fill> filled_by_worker;
  int clients = 0;
  run([&](EventLoop& loop, UniqueFd socket) {
    if (clients++ > 0) return static_cast<void>(echo(loop, std::move(socket)));
    work(
        loop, std::move(socket),
        [&](Connection& connection) {
          begun.happen();
          filled_by_worker.set_value(fill(connection, kNever));
          return After::kClose;
        },
        nullptr);
  });
  const UniqueFd working = connect();
  ::send(working.get(), "x", 1, 0);
  begun.wait();
  std::vector<UniqueFd> quiet;
  for (int i = 0; i < 10; ++i) {
    quiet.push_back(connect());
    EXPECT_EQ("x", answer(quiet.back(), "x"));
  }
  EXPECT_TRUE(stop());
  EXPECT_NE(Fill::kData, await(filled_by_worker.get_future()));
  EXPECT_TRUE(is_closed(working));
  for (const UniqueFd& client : quiet) EXPECT_TRUE(is_closed(client));
  EXPECT_EQ(0U, loop_.load());
}

TEST_F(EventLoopTest, QuietClientsCostNoThread) {
  constexpr std::size_t kClients = 2000;
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  limits_of_scripts({}, 3 * kClients);
  rlimit now{};
  ::getrlimit(RLIMIT_NOFILE, &now);
  if (now.rlim_cur < 3 * kClients) GTEST_SKIP() << "the limit on descriptors cannot be raised to " << 3 * kClients;
  run();
  const int threads = threads_of_this_process();
  std::vector<UniqueFd> clients;
  for (std::size_t i = 0; i < kClients; ++i) clients.push_back(connect());
  while (loop_.load() < kClients) turn();
  EXPECT_GE(threads, threads_of_this_process());  // a thread of another test may end
  EXPECT_EQ("x", answer(connect(), "x"));
  EXPECT_EQ("x", answer(clients[kClients / 2], "x"));
  EXPECT_TRUE(stop());
  for (const UniqueFd& client : clients) EXPECT_TRUE(is_closed(client));
  clients.clear();
  ::setrlimit(RLIMIT_NOFILE, &before);
}

// New descriptors cannot be had while this object lives.
class NoDescriptors {
 public:
  NoDescriptors() {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const UniqueFd lowest(::dup(0));
    const rlimit none{static_cast<rlim_t>(lowest.get()), before_.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &none);
  }
  NoDescriptors(const NoDescriptors&) = delete;
  ~NoDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

TEST_F(EventLoopTest, InAShortageOnlyTheOldestClientGivesWay) {
  run();
  const UniqueFd oldest = connect();
  EXPECT_EQ("x", answer(oldest, "x"));
  UniqueFd client;
  std::optional<NoDescriptors> none;
  in_one_turn([&] {
    client = connect();
    none.emplace();
  });
  EXPECT_TRUE(is_closed(oldest));
  turn();
  EXPECT_EQ("x", answer(client, "x"));
  none.reset();
}

TEST_F(EventLoopTest, AfterAShortageANewClientIsServed) {
  run();
  UniqueFd client;
  std::optional<NoDescriptors> none;
  in_one_turn([&] {
    client = connect();
    none.emplace();
  });
  turn();  // the loop fails to accept it
  EXPECT_EQ(0U, loop_.load());
  none.reset();
  EXPECT_EQ("x", answer(client, "x"));
}

TEST_F(EventLoopTest, AClientThatSendsWithoutEndDoesNotKeepOthersWaiting) {
  run();
  SocketPair sockets;
  std::atomic<bool> enough = false;
  in_loop([&] {
    const auto serve = [](EventLoop& loop, SocketPair& pair, std::atomic<bool>& end) -> Served {
      Client client(loop, std::move(pair.server));
      const std::string block(kBlock, 'x');
      while (!end) {
        ::send(pair.client.get(), block.data(), block.size(), 0);
        const Fill filled = co_await client.input(kNever);
        if (filled != Fill::kData) break;
        client.connection.consume(client.connection.buffered().size());
      }
    };
    serve(loop_, sockets, enough);
  });
  EXPECT_EQ("x", answer(connect(), "x"));
  enough = true;
  EXPECT_TRUE(stop());
}

// The next tests end a client whose event the loop still has, or gets later.

TEST_F(EventLoopTest, ForgetsTheEventsOfAClientThatATaskEnded) {
  Event begun;
  run([&](EventLoop& loop, UniqueFd socket) { leave_remains(loop, std::move(socket), remains_, &begun); });
  const UniqueFd client = connect();
  begun.wait();
  turn();
  in_one_turn([&] {
    loop_.post([&] { loop_.close_oldest(); });
    ::send(client.get(), "x", 1, 0);
  });
  remains_.ended.wait();
  turn();
  in_loop([&] { EXPECT_TRUE(remains_.are_untouched()); });
}

// A script that starts has copies of all descriptors of the server for a moment.
TEST_F(EventLoopTest, GetsNoEventOfAnEndedClientWhoseSocketAnotherProcessHas) {
  run();
  SocketPair sockets;
  const UniqueFd copy(::dup(sockets.server.get()));
  in_loop([&] { leave_remains(loop_, std::move(sockets.server), remains_); });
  ::send(sockets.client.get(), "x", 1, 0);
  remains_.ended.wait();
  ::send(sockets.client.get(), "x", 1, 0);
  turn();
  in_loop([&] { EXPECT_TRUE(remains_.are_untouched()); });
}

TEST_F(EventLoopTest, GivesNoTurnToAClientThatHasEnded) {
  run();
  for (int blocks = 1; blocks < 60; ++blocks) {
    SocketPair sockets;
    Remains remains;
    in_loop([&] { leave_remains_after(loop_, sockets, blocks, remains); });
    remains.ended.wait();
    turn();
    in_loop([&] { EXPECT_TRUE(remains.are_untouched()) << blocks; });
  }
}

}  // namespace
}  // namespace cgi
