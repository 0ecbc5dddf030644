#include "response_reader.h"

#include <gtest/gtest.h>

#include <map>

namespace cgi::bench {
namespace {

using State = ResponseReader::State;

const Expected kHello{{200}, true, Repeated("hello\n")};

// The result for octets that arrive in pieces of `size`. If `ends`, the connection ends after them.
struct Outcome {
  State state;
  int status;
  bool keeps_connection;
  std::string verdict;
  std::size_t surplus;
};

Outcome read(std::string_view octets, std::size_t size, bool ends) {
  ResponseReader reader;
  ContentCheck check;
  check.begin(kHello);
  reader.begin(check);
  std::size_t at = 0;
  while (at < octets.size() && reader.state() != State::kComplete && reader.state() != State::kBroken) {
    const auto piece = octets.substr(at, size);
    const std::size_t taken = reader.take(piece);
    at += taken;
    if (taken < piece.size()) break;
  }
  if (ends) reader.end_of_input();
  return {reader.state(), reader.status(), reader.keeps_connection(), check.verdict(reader.status()),
          octets.size() - at};
}

TEST(ResponseReader, EndsAResponseByItsFraming) {
  const std::map<std::string, bool> complete_and_kept = {
      {"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello\n", true},
      {"HTTP/1.1 200 OK\r\ncontent-length:6\r\nConnection: close\r\n\r\nhello\n", false},
      {"HTTP/1.0 200 OK\r\nContent-Length: 6\r\n\r\nhello\n", false},
      {"HTTP/1.0 200 OK\r\nContent-Length: 6\r\nConnection: Keep-Alive\r\n\r\nhello\n", true},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n3;x=y\r\nlo\n\r\n0\r\nX: y\r\n\r\n", true},
      {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello\n", true},
      {"HTTP/1.1 200 OK\nContent-Length: 6\n\nhello\n", true},
  };
  for (const auto& [octets, kept] : complete_and_kept) {
    for (std::size_t size : {1ul, 2ul, 7ul, octets.size()}) {
      const auto outcome = read(octets, size, false);
      EXPECT_EQ(State::kComplete, outcome.state) << octets << size;
      EXPECT_EQ(kept, outcome.keeps_connection) << octets;
      EXPECT_EQ("", outcome.verdict) << octets << size;
      EXPECT_EQ(0u, outcome.surplus) << octets << size;
    }
  }
}

TEST(ResponseReader, DoesNotConsumeTheNextResponse) {
  const std::string one = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello\n";
  const auto outcome = read(one + one, 1000, false);
  EXPECT_EQ(State::kComplete, outcome.state);
  EXPECT_EQ(one.size(), outcome.surplus);
}

TEST(ResponseReader, EndsAResponseWithoutFramingWithTheConnection) {
  const std::string octets = "HTTP/1.0 200 Script output follows\r\nContent-Type: text/plain\r\n\r\nhello\n";
  EXPECT_EQ(State::kContent, read(octets, 5, false).state);
  const auto outcome = read(octets, 5, true);
  EXPECT_EQ(State::kComplete, outcome.state);
  EXPECT_EQ("", outcome.verdict);
  EXPECT_FALSE(outcome.keeps_connection);
}

TEST(ResponseReader, DoesNotReuseTheFramingOfTheLastResponse) {
  ResponseReader reader;
  ContentCheck check;
  for (const char* before : {"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello\n",
                             "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nhello\n\r\n0\r\n\r\n"}) {
    check.begin(kHello);
    reader.begin(check);
    reader.take(before);
    ASSERT_EQ(State::kComplete, reader.state());
    check.begin(kHello);
    reader.begin(check);
    EXPECT_TRUE(reader.untouched());
    EXPECT_EQ(0, reader.status());
    reader.take("HTTP/1.1 200 OK\r\n\r\nhello\n");
    EXPECT_EQ(State::kContent, reader.state()) << before;
    EXPECT_FALSE(reader.keeps_connection());
    reader.end_of_input();
    EXPECT_EQ(State::kComplete, reader.state());
    EXPECT_EQ("", check.verdict(reader.status())) << before;
  }
}

TEST(ResponseReader, CallsIncompleteAndInvalidResponsesBroken) {
  const std::vector<std::string> broken = {
      "",
      "HTTP/1.1 200 OK\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhell",
      "HTTP/1.1 200 OK\r\nContent-Length: six\r\n\r\nhello\n",
      "HTTP/1.1 200 OK\r\nContent-Length: -6\r\n\r\nhello\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\nhello\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nhello\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nz\r\nhello\n\r\n0\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\n\r\n0\r\n\r\n",
      "HTTP/1.1 2xx OK\r\n\r\nhello\n",
      "hello\n\n",
      "ICY 200 OK, not HTTP\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello\n",
  };
  for (const auto& octets : broken) EXPECT_EQ(State::kBroken, read(octets, 3, true).state) << octets;
}

TEST(ResponseReader, KnowsATlsRecord) {
  const std::map<std::string, bool> is_tls = {
      {"\x15\x03\x01\x02", true}, {"\x16\x03\x03\x02", true}, {"\x15\x04\x01\x02", false}, {"HTTP/1.1", false}};
  for (const auto& [octets, expected] : is_tls) {
    ResponseReader reader;
    ContentCheck check;
    check.begin(kHello);
    reader.begin(check);
    reader.take(octets);
    EXPECT_EQ(expected, reader.is_tls()) << octets;
    EXPECT_EQ(expected, reader.state() == State::kBroken) << octets;
  }
}

TEST(ResponseReader, EndsAResponseWithoutContentAtOnce) {
  for (const char* status : {"204 No Content", "304 Not Modified"}) {
    EXPECT_EQ(State::kComplete, read(std::string("HTTP/1.1 ") + status + "\r\n\r\n", 100, false).state) << status;
  }
}

}  // namespace
}  // namespace cgi::bench
