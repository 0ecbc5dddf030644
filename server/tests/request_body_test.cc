#include "request_body.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "clock.h"
#include "fill.h"
#include "socket_pair.h"

namespace cgi {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kStart = 64 * 1024;  // a script starts once so much of its body is here
constexpr std::uint64_t kMuch = 1 << 30;
constexpr auto kNever = Clock::time_point::max();
const Framing kChunked{.chunked = true};

std::string chunk(const std::string& data) {
  char size[32];
  std::snprintf(size, sizeof size, "%zx\r\n", data.size());
  return size + data + "\r\n";
}

class RequestBodyTest : public ::testing::Test {
 protected:
  RequestBodyTest() : RequestBodyTest(SocketPair()) {}

  // Has `text` arrive, and takes it piece by piece.
  std::optional<Refusal> arrive(RequestBody& body, const std::string& text) {
    for (std::size_t at = 0; at < text.size();) {
      const std::string piece = text.substr(at, 16 * 1024);
      EXPECT_EQ(static_cast<ssize_t>(piece.size()), ::send(client_.get(), piece.data(), piece.size(), 0));
      at += piece.size();
      if (auto refusal = body.take(server_, server_.fill_now(kMuch))) return refusal;
    }
    return std::nullopt;
  }
  std::optional<Refusal> take_more(RequestBody& body, Fill arrived) { return body.take_more(server_, arrived); }
  void end_sending() { ::shutdown(client_.get(), SHUT_WR); }

  // Returns all octets for the script that are here.
  std::string given(RequestBody& body) {
    std::string text;
    for (std::string_view octets; !(octets = body.next(server_)).empty();) {
      text += octets;
      body.consume(server_, octets.size());
    }
    return text;
  }

  Connection server_;
  UniqueFd client_;

 private:
  explicit RequestBodyTest(SocketPair sockets)
      : server_(std::move(sockets.server)), client_(std::move(sockets.client)) {}
};

int status_of(const std::optional<Refusal>& refusal) { return refusal ? refusal->status : 0; }

TEST_F(RequestBodyTest, AnEmptyOneIsHereAndFinished) {
  RequestBody none;
  RequestBody announced({.length = 0, .announced = true}, kMuch, Pace());
  for (RequestBody* body : {&none, &announced}) {
    EXPECT_TRUE(body->has_begun(server_));
    EXPECT_TRUE(body->finished());
    EXPECT_EQ("", body->next(server_));
    EXPECT_TRUE(body->is_all(""));
  }
  EXPECT_EQ("", none.content_length());
  EXPECT_EQ("0", announced.content_length());
}

TEST_F(RequestBodyTest, AShortOneBeginsWithItsLastOctet) {
  RequestBody body({.length = 4, .announced = true}, kMuch, Pace());
  EXPECT_FALSE(arrive(body, "bod"));
  EXPECT_FALSE(body.has_begun(server_));
  EXPECT_EQ("bod", body.next(server_));
  EXPECT_FALSE(body.is_all(body.next(server_)));
  EXPECT_FALSE(arrive(body, "yGET / HTTP/1.1"));
  EXPECT_TRUE(body.has_begun(server_));
  EXPECT_EQ("body", body.next(server_));
  EXPECT_TRUE(body.is_all(body.next(server_)));
  EXPECT_FALSE(body.finished());
  EXPECT_EQ("body", given(body));
  EXPECT_TRUE(body.finished());
  EXPECT_EQ("4", body.content_length());
  EXPECT_EQ("GET / HTTP/1.1", server_.buffered());
}

TEST_F(RequestBodyTest, ALongOneBeginsWithItsFirst64KiB) {
  RequestBody body({.length = 3 * kStart}, kMuch, Pace());
  EXPECT_FALSE(arrive(body, std::string(kStart - 1, 'x')));
  EXPECT_FALSE(body.has_begun(server_));
  EXPECT_FALSE(arrive(body, "x"));
  EXPECT_TRUE(body.has_begun(server_));
  EXPECT_FALSE(body.has_arrived(server_));
  EXPECT_EQ(kStart, body.next(server_).size());
  EXPECT_FALSE(body.is_all(body.next(server_)));
  EXPECT_EQ(kStart, given(body).size());
  EXPECT_EQ(2 * kStart, body.from_client());
  EXPECT_FALSE(body.finished());
}

TEST_F(RequestBodyTest, OneThatEndsEarlyIsWhatIsHere) {
  RequestBody body({.length = 8, .announced = true}, kMuch, Pace());
  EXPECT_FALSE(arrive(body, "half"));
  EXPECT_FALSE(body.has_begun(server_));
  end_sending();
  const Fill end = server_.fill_now();
  EXPECT_EQ(Fill::kEnd, end);
  EXPECT_FALSE(body.take(server_, end));
  EXPECT_TRUE(body.has_begun(server_));
  EXPECT_TRUE(body.is_all("half"));
  EXPECT_EQ("half", given(body));
  EXPECT_TRUE(body.finished());
  EXPECT_EQ("8", body.content_length());
}

TEST_F(RequestBodyTest, AChunkedOneIsDecodedHoweverItIsCut) {
  const std::string text = chunk("first ") + "6;extension\r\nsecond\r\n" + "0\r\nTrailer: x\r\n\r\nGET / HTTP/1.1";
  for (std::size_t cut = 1; cut < text.size(); ++cut) {
    SocketPair sockets;
    Connection server(std::move(sockets.server));
    RequestBody body(kChunked, kMuch, Pace());
    for (const std::string& piece : {text.substr(0, cut), text.substr(cut)}) {
      ::send(sockets.client.get(), piece.data(), piece.size(), 0);
      ASSERT_FALSE(body.take(server, server.fill_now()));
    }
    ASSERT_TRUE(body.has_begun(server)) << cut;
    EXPECT_EQ("12", body.content_length());
    EXPECT_EQ("first second", body.next(server));
    EXPECT_TRUE(body.is_all(body.next(server)));
    body.consume(server, 12);
    EXPECT_TRUE(body.finished());
    EXPECT_EQ("GET / HTTP/1.1", server.buffered()) << cut;
  }
}

TEST_F(RequestBodyTest, AChunkedOneBeginsWithItsEnd) {
  RequestBody little(kChunked, kMuch, Pace());
  EXPECT_FALSE(arrive(little, chunk("data")));
  EXPECT_FALSE(little.has_begun(server_));
  EXPECT_FALSE(arrive(little, "0\r\n"));
  EXPECT_FALSE(little.has_begun(server_));
  EXPECT_FALSE(arrive(little, "\r\n"));
  EXPECT_TRUE(little.has_begun(server_));

  RequestBody much(kChunked, kMuch, Pace());
  EXPECT_FALSE(arrive(much, chunk(std::string(kStart - 1, 'x'))));
  EXPECT_FALSE(much.is_long());
  EXPECT_FALSE(arrive(much, chunk("x")));
  EXPECT_TRUE(much.is_long());
  EXPECT_FALSE(much.has_begun(server_));
  EXPECT_FALSE(arrive(much, chunk("")));
  EXPECT_TRUE(much.has_begun(server_));
}

TEST_F(RequestBodyTest, ALongChunkedOneIsStoredAndGivenInBlocks) {
  std::string text;
  while (text.size() < 5 * kStart) text += std::to_string(text.size()) + " ";
  RequestBody body(kChunked, kMuch, Pace());
  for (std::size_t at = 0; at < text.size(); at += 10'000) EXPECT_FALSE(arrive(body, chunk(text.substr(at, 10'000))));
  EXPECT_FALSE(arrive(body, chunk("")));
  EXPECT_EQ(std::to_string(text.size()), body.content_length());
  EXPECT_EQ(0U, body.from_client());
  EXPECT_FALSE(body.is_all(body.next(server_)));
  EXPECT_TRUE(text == given(body));  // not EXPECT_EQ: it would print both
  EXPECT_TRUE(body.finished());
}

TEST_F(RequestBodyTest, AChunkedOneIsRefusedIfItIsBroken) {
  RequestBody body(kChunked, kMuch, Pace());
  EXPECT_EQ(400, status_of(arrive(body, "x\r\n")));
}

TEST_F(RequestBodyTest, AChunkedOneIsRefusedIfItIsLongerThanTheLimit) {
  RequestBody fits(kChunked, 4, Pace());
  EXPECT_FALSE(arrive(fits, chunk("four") + chunk("")));
  RequestBody body(kChunked, 3, Pace());
  EXPECT_EQ(413, status_of(arrive(body, chunk("four"))));
}

TEST_F(RequestBodyTest, AChunkedOneIsRefusedIfTheClientEndsItEarly) {
  RequestBody body(kChunked, kMuch, Pace());
  EXPECT_FALSE(arrive(body, chunk("data")));
  end_sending();
  EXPECT_EQ(400, status_of(take_more(body, server_.fill_now())));
}

TEST_F(RequestBodyTest, TakeMoreTakesAllThatIsThere) {
  RequestBody body(kChunked, kMuch, Pace());
  const std::string text = chunk(std::string(kStart, 'x'));
  ASSERT_TRUE(write_all(client_.get(), text));
  EXPECT_FALSE(take_more(body, fill(server_, kNever)));
  EXPECT_FALSE(body.has_arrived(server_));
  EXPECT_EQ(std::to_string(kStart), body.content_length());
  const std::string end = chunk("x") + chunk("") + "GET / HTTP/1.1";
  ASSERT_TRUE(write_all(client_.get(), end));
  EXPECT_FALSE(take_more(body, fill(server_, kNever)));
  EXPECT_TRUE(body.has_arrived(server_));
  EXPECT_EQ("GET / HTTP/1.1", server_.buffered());
}

TEST_F(RequestBodyTest, ABrokenConnectionWithinItIsNoRefusal) {
  RequestBody body(kChunked, kMuch, Pace());
  ASSERT_TRUE(write_all(client_.get(), chunk("data")));
  ASSERT_TRUE(server_.send_all("x"));
  client_.reset();  // a socket that is closed before it has read everything breaks the connection
  Fill arrived = server_.fill_now();
  ASSERT_EQ(Fill::kData, arrived);
  EXPECT_FALSE(body.take_more(server_, arrived));
  EXPECT_EQ(Fill::kBroken, arrived);
}

TEST_F(RequestBodyTest, OneThatDoesNotComeIsRefused) {
  RequestBody chunked(kChunked, kMuch, Pace(milliseconds(1)));
  EXPECT_EQ(408, status_of(take_more(chunked, fill(server_, chunked.wait(server_)))));
  RequestBody body({.length = 1}, kMuch, Pace(milliseconds(1)));
  EXPECT_EQ(408, status_of(body.take(server_, fill(server_, body.wait(server_)))));
}

// The pace allows 1,000 seconds for all waits together. Only the time in which the server does not wait may come on
// top.
TEST_F(RequestBodyTest, AnOctetFromTimeToTimeDoesNotMoveTheDeadline) {
  constexpr auto kAllowed = std::chrono::seconds(1000);
  for (const Framing& framing : {kChunked, Framing{.length = 1000}}) {
    SocketPair sockets;
    Connection server(std::move(sockets.server));
    RequestBody body(framing, kMuch, Pace(kAllowed, 1e12));
    const auto first = body.wait(server);
    ::send(sockets.client.get(), "1", 1, 0);
    const Fill arrived = fill(server, kNever);
    Clock::time_point taken;
    do {
      taken = Clock::now();
    } while (taken < first - kAllowed + milliseconds(5));
    ASSERT_FALSE(body.take(server, arrived));
    const auto second = body.wait(server);
    EXPECT_LE(first, second);
    EXPECT_LE(second - first, Clock::now() - taken);
  }
}

// The portable exchange reads ahead of a script, and does not call wait() before each octet.
TEST_F(RequestBodyTest, OctetsThatAreReadAheadCountOnce) {
  constexpr auto kAllowed = milliseconds(50);
  RequestBody body({.length = 1000}, kMuch, Pace(kAllowed, 1000));
  const auto first = body.wait(server_);
  while (Clock::now() < first - kAllowed + milliseconds(40)) {
  }
  for (int i = 0; i < 20; ++i) {
    ASSERT_EQ(1, ::send(client_.get(), "x", 1, 0));
    ASSERT_FALSE(body.take(server_, fill(server_, kNever)));
  }
  // 40 of 50 milliseconds are gone, and 20 octets give 20 more. If each took all before it along, they would give 210.
  EXPECT_LT(body.wait(server_), Clock::now() + milliseconds(45));
}

// rule: resource/slow-body-is-limited
TEST_F(RequestBodyTest, OctetsThatAreDroppedGiveMoreTime) {
  constexpr auto kAllowed = std::chrono::seconds(1000);
  for (const Framing& framing : {kChunked, Framing{.length = 1000}}) {
    SocketPair sockets;
    Connection server(std::move(sockets.server));
    RequestBody body(framing, kMuch, Pace(kAllowed, 1));
    ASSERT_FALSE(body.drop(server));
    const auto first = body.wait(server);
    while (Clock::now() < first - kAllowed + milliseconds(5)) {
    }
    ASSERT_EQ(1, ::send(sockets.client.get(), "1", 1, 0));
    ASSERT_EQ(Fill::kData, fill(server, kNever));
    ASSERT_FALSE(body.drop(server));
    EXPECT_GE(body.wait(server), first + milliseconds(5));
  }
}

class DropTest : public RequestBodyTest {
 protected:
  void send(const std::string& text) {
    ASSERT_EQ(static_cast<ssize_t>(text.size()), ::send(client_.get(), text.data(), text.size(), 0));
    ASSERT_EQ(Fill::kData, fill(server_, kNever));
  }
};

TEST_F(DropTest, LeavesTheNextRequest) {
  RequestBody body({.length = 6}, kMuch, Pace());
  EXPECT_FALSE(body.drop(server_));
  send("body");
  EXPECT_FALSE(body.drop(server_));
  send("!!GET /");
  EXPECT_TRUE(body.drop(server_));
  EXPECT_EQ("GET /", server_.buffered());
  server_.consume(5);
  RequestBody chunked(kChunked, kMuch, Pace());
  send(chunk("one"));
  EXPECT_FALSE(chunked.drop(server_));
  send(chunk("") + "POST");
  EXPECT_TRUE(chunked.drop(server_));
  EXPECT_EQ("POST", server_.buffered());
  EXPECT_TRUE(RequestBody().drop(server_));
}

TEST_F(DropTest, IsForOneMegabyteAtMost) {
  constexpr std::size_t kMost = 1 << 20;
  EXPECT_TRUE(RequestBody({.length = kMost}, kMuch, Pace()).can_be_dropped());
  EXPECT_FALSE(RequestBody({.length = kMost + 1}, kMuch, Pace()).can_be_dropped());
  RequestBody chunked(kChunked, kMuch, Pace());
  std::thread client([&] { EXPECT_TRUE(write_all(client_.get(), chunk(std::string(kMost + 1, 'x')))); });
  while (chunked.can_be_dropped()) {
    ASSERT_EQ(Fill::kData, fill(server_, kNever));
    EXPECT_FALSE(chunked.drop(server_));
  }
  ::shutdown(server_.socket(), SHUT_RD);  // the client may still send what the server does not read
  client.join();
}

TEST_F(DropTest, EndsAtABrokenChunk) {
  RequestBody chunked(kChunked, kMuch, Pace());
  send("x\r\n");
  EXPECT_FALSE(chunked.drop(server_));
  EXPECT_FALSE(chunked.can_be_dropped());
}

}  // namespace
}  // namespace cgi
