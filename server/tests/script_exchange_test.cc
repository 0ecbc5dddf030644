#include "script_exchange.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "scratch_directory.h"
#include "socket_pair.h"
#include "uninterpreted_response.h"

namespace cgi {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr auto kLong = seconds(20);         // each test needs much less, unless it never ends
constexpr std::size_t kTooMuch = 8U << 20;  // the buffers hold much less

// A script, a connection, and the client's end of it.
class ScriptExchange : public ::testing::Test {
 protected:
  ScriptExchange() : ScriptExchange(SocketPair()) {}

  void start(const std::string& text) {
    files_.write("script", text, 0755);
    ScriptCommand command;
    command.file = files_.path("script");
    command.arguments = {"script"};
    command.environment = {"PATH=/usr/local/bin:/usr/bin:/bin"};
    int error = 0;
    ASSERT_EQ(std::nullopt, Script::start(command, places_.take(), script_, error));
    group_ = script_.pid();
  }

  // A script that ended by itself may leave children. They are in its process group and end with the test.
  void TearDown() override {
    if (group_ > 0) ::kill(-group_, SIGKILL);
  }

  // Does as the server: the client announces `length` octets of a body.
  ExchangeResult run(std::uint64_t length, Clock::duration time_limit, Clock::duration silence = seconds(5)) {
    RequestBody body({.length = length}, length, Pace());
    UninterpretedResponse response("", Delimiting::kClose, false);
    const auto log_error = [this](const std::string& line) { errors_.push_back(line); };
    const ExchangeResult result =
        run_exchange(server_, script_, body, response, {log_error, Clock::now() + time_limit, most_output_, silence});
    ::shutdown(server_.socket(), SHUT_RDWR);
    return result;
  }

  void send(const std::string& text) {
    ASSERT_EQ(static_cast<ssize_t>(text.size()), ::send(client_.get(), text.data(), text.size(), 0));
  }
  void end_sending() { ::shutdown(client_.get(), SHUT_WR); }

  // Returns all octets that the client gets. Waits for `pause` after each block.
  std::string received(milliseconds pause = {}) {
    std::string text;
    std::array<char, 64 * 1024> block;
    for (ssize_t count; (count = ::read(client_.get(), block.data(), block.size())) > 0;) {
      text.append(block.data(), static_cast<std::size_t>(count));
      std::this_thread::sleep_for(pause);
    }
    return text;
  }

  ScratchDirectory files_;
  std::uint64_t most_output_ = 0;    // no limit
  std::vector<std::string> errors_;  // the lines that the script writes to its standard error
  ScriptPlaces places_{1};
  Script script_;
  pid_t group_ = -1;
  Connection server_;
  UniqueFd client_;

 private:
  explicit ScriptExchange(SocketPair sockets) : server_(std::move(sockets.server)), client_(std::move(sockets.client)) {
    const int little = 64 * 1024;  // for the output
    const int much = 1 << 20;      // for the longest body of these tests
    ::setsockopt(server_.socket(), SOL_SOCKET, SO_SNDBUF, &little, sizeof little);
    ::setsockopt(client_.get(), SOL_SOCKET, SO_SNDBUF, &much, sizeof much);
  }
};

TEST_F(ScriptExchange, MovesTheBodyInAndTheOutputOut) {
  start("#!/bin/sh\nexec cat\n");
  send("body and more");
  EXPECT_EQ(ExchangeEnd::kDone, run(4, kLong).end);
  EXPECT_EQ("body", received());
}

TEST_F(ScriptExchange, ABodyThatEndsEarlyEndsTheInputOfTheScript) {
  start("#!/bin/sh\nexec cat\n");
  send("half");
  end_sending();
  EXPECT_EQ(ExchangeEnd::kDone, run(8, kLong).end);
  EXPECT_EQ("half", received());
}

TEST_F(ScriptExchange, ALongBodyReachesTheScriptAfterTheClientEndedItsSide) {
  start("#!/bin/sh\nexec wc -c\n");
  send(std::string(140'000, 'x'));
  end_sending();
  EXPECT_EQ(ExchangeEnd::kDone, run(140'000, kLong).end);
  EXPECT_EQ("140000\n", received());
}

TEST_F(ScriptExchange, AScriptThatReadsSlowlyDoesNotCountAsSilent) {
  // The body is longer than a pipe and the server's buffer. The script reads a block in each fifth of the silence, and
  // prints at the end only.
  start("#!/bin/sh\nfor i in 1 2 3 4 5 6 7 8; do sleep 0.1; head -c 16384 >/dev/null; done\necho read\n");
  send(std::string(200'000, 'x'));
  end_sending();
  EXPECT_EQ(ExchangeEnd::kDone, run(200'000, kLong, milliseconds(500)).end);
  EXPECT_EQ("read\n", received());
}

struct Unread {
  const char* script;
  std::size_t length;
};

class ScriptExchangeUnread : public ScriptExchange, public ::testing::WithParamInterface<Unread> {};

TEST_P(ScriptExchangeUnread, AClientThatHasEndedItsSideIsGoneAfterSilence) {
  start(GetParam().script);
  send(std::string(GetParam().length, 'x'));
  end_sending();
  EXPECT_EQ(ExchangeEnd::kClientGone, run(GetParam().length, kLong, milliseconds(100)).end);
}

INSTANTIATE_TEST_SUITE_P(Bodies, ScriptExchangeUnread,
                         ::testing::Values(Unread{"#!/bin/sh\nexec sleep 100\n", 0},     // no body
                                           Unread{"#!/bin/sh\nexec sleep 100\n", 1000},  // in the pipe
                                           Unread{"#!/bin/sh\nexec sleep 100\n",
                                                  100'000},  // and in the server's buffer
                                           Unread{"#!/bin/sh\nexec sleep 100\n", 200'000},   // and in the socket's
                                           Unread{"#!/bin/sh\nexec sleep 100 <&-\n", 1000},  // no process reads it
                                           Unread{"#!/bin/sh\nexec sleep 100 <&-\n", 200'000}));

TEST_F(ScriptExchange, AScriptThatRunsTooLongIsEnded) {
  start("#!/bin/sh\nexec sleep 100\n");
  EXPECT_EQ(ExchangeEnd::kTimeout, run(0, milliseconds(50)).end);
  EXPECT_TRUE(places_.any());
}

TEST_F(ScriptExchange, AScriptCannotLeaveItsGroup) {
  start("#!/usr/bin/perl\nprint setpgrp(0, getpgrp(getppid())) ? \"left\" : \"stays\";\n");
  EXPECT_EQ(ExchangeEnd::kDone, run(0, kLong).end);
  EXPECT_EQ("stays", received());
}

TEST_F(ScriptExchange, LogsTheStandardErrorOfTheScriptByLines) {
  start("#!/bin/sh\nprintf 'one\\ntw' >&2; printf 'o\\nrest' >&2; echo output\n");
  EXPECT_EQ(ExchangeEnd::kDone, run(0, kLong).end);
  EXPECT_EQ("output\n", received());
  EXPECT_EQ((std::vector<std::string>{"one", "two", "rest"}), errors_);
}

TEST_F(ScriptExchange, AScriptThatPrintsTooMuchIsEnded) {
  most_output_ = 1000;
  start("#!/bin/sh\nexec yes\n");
  EXPECT_EQ(ExchangeEnd::kTooMuch, run(0, kLong).end);
  EXPECT_TRUE(places_.any());
}

TEST_F(ScriptExchange, EndsWithTheScriptIfAChildHoldsItsOutput) {
  start("#!/bin/sh\necho script\nsleep 30 2>/dev/null &\n");
  EXPECT_EQ(ExchangeEnd::kDone, run(0, kLong).end);
  EXPECT_EQ("script\n", received());
}

TEST_F(ScriptExchange, EndsWithTheScriptIfAChildGoesOnWriting) {
  start("#!/bin/sh\nyes 2>/dev/null &\nexec sleep 0.3\n");
  // The client takes less than the child writes, so that the pipe is full when the script ends, and later.
  std::size_t taken = 0;
  std::thread client([&] {
    std::array<char, 64 * 1024> block;
    while (places_.any() == false) std::this_thread::sleep_for(milliseconds(10));
    for (ssize_t count; taken < kTooMuch && (count = ::read(client_.get(), block.data(), block.size())) > 0;) {
      taken += static_cast<std::size_t>(count);
      std::this_thread::sleep_for(milliseconds(1));
    }
    client_.reset();
  });
  EXPECT_EQ(ExchangeEnd::kDone, run(0, kLong).end);
  client.join();
  EXPECT_LT(taken, kTooMuch);
}

TEST_F(ScriptExchange, TheTimeLimitIsForTheScriptOnly) {
  // The output is longer than the buffers of the connection, and fits into these and the server's.
  start("#!/bin/sh\nhead -c 300000 /dev/zero\n");
  const auto limit = seconds(1);
  std::string text;
  std::thread client([this, &text, late = Clock::now() + limit + milliseconds(200)] {
    std::this_thread::sleep_until(late);
    text = received();
  });
  EXPECT_EQ(ExchangeEnd::kDone, run(0, limit).end);
  client.join();
  EXPECT_EQ(300'000U, text.size());
}

TEST_F(ScriptExchange, AScriptHoldsItsPlaceFromItsStartToItsEnd) {
  EXPECT_TRUE(places_.any());
  start("#!/bin/sh\nexec cat\n");
  EXPECT_FALSE(places_.any());
  EXPECT_EQ(ExchangeEnd::kDone, run(0, kLong).end);
  EXPECT_TRUE(places_.any());
}

// Refuses all output, and sends an octet of the body to let the script go on.
class Refusing : public ResponseWriter {
 public:
  explicit Refusing(int client) : client_(client) {}
  void take(std::string_view output) override {
    if (taken.empty()) {
      EXPECT_EQ(1, ::send(client_, "\n", 1, 0));
    }
    if (taken.size() < 100) taken.append(output.substr(0, 100));
  }
  void finish() override {}
  std::size_t held() const override { return 0; }
  std::string flush() override { return {}; }
  std::optional<int> status() const override { return std::nullopt; }
  std::string_view problem() const override { return taken; }
  bool keeps_connection() const override { return false; }

  std::string taken;

 private:
  int client_;
};

class ScriptExchangeRefused : public ScriptExchange {
 protected:
  ExchangeEnd end_of(const std::string& script, Clock::duration last_words) {
    start(script);
    RequestBody body({.length = 1}, 1, Pace());
    const auto ignore = [](const std::string&) {};
    return run_exchange(server_, script_, body, response_, {ignore, Clock::now() + kLong, 0, kLong, last_words}).end;
  }
  Refusing response_{client_.get()};
};

TEST_F(ScriptExchangeRefused, GoesOnForAMomentForTheLog) {
  EXPECT_EQ(ExchangeEnd::kDone, end_of("#!/bin/sh\necho no field\nread go\necho traceback\n", kLong));
  EXPECT_EQ("no field\ntraceback\n", response_.taken);
}

TEST_F(ScriptExchangeRefused, IsEndedIfItGoesOn) {
  EXPECT_EQ(ExchangeEnd::kGivenUp, end_of("#!/bin/sh\necho no field\nexec sleep 100\n", milliseconds(50)));
}

TEST_F(ScriptExchangeRefused, IsEndedIfItPrintsForEver) {
  EXPECT_EQ(ExchangeEnd::kGivenUp, end_of("#!/bin/sh\nexec yes\n", milliseconds(50)));
}

}  // namespace
}  // namespace cgi
