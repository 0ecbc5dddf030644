#include "request_head.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <sstream>
#include <string>
#include <vector>

namespace cgi {
namespace {

using namespace std::string_literals;

// Returns all results of a parser as text, for comparing.
std::string told_by(HeadParser& parser, std::size_t used) {
  std::ostringstream out;
  const Request& request = parser.request();
  out << "used " << used << " done " << parser.done() << " empty " << parser.empty() << '\n';
  if (parser.refusal()) out << parser.refusal()->status << ' ' << parser.refusal()->reason << '\n';
  out << '[' << request.line << "] " << request.method << ' ' << request.target << ' ' << request.version << ' '
      << request.major << '.' << request.minor << '\n';
  for (const Field& field : request.fields) out << '<' << field.name << '|' << field.value << ">\n";
  return out.str();
}

// Reads the head in pieces that end at `cuts`.
std::string told_of(const std::string& bytes, const std::vector<std::size_t>& cuts, HeadLimits limits = {},
                    bool end = true) {
  HeadParser parser(limits);
  std::size_t used = 0;
  std::size_t begin = 0;
  auto feed = [&](std::size_t stop) {
    used += parser.consume(std::string_view(bytes).substr(begin, stop - begin));
    begin = stop;
  };
  for (std::size_t cut : cuts) feed(cut);
  feed(bytes.size());
  if (end) parser.end_of_input();
  return told_by(parser, used);
}

HeadParser parsed(const std::string& bytes, HeadLimits limits = {}) {
  HeadParser parser(limits);
  parser.consume(bytes);
  return parser;
}

// Returns "400 Bad request syntax ('GET')", or "" if the head is accepted.
std::string refusal_of(const std::string& bytes, HeadLimits limits = {}) {
  const HeadParser parser = parsed(bytes, limits);
  EXPECT_TRUE(parser.done()) << bytes.substr(0, 80);
  if (!parser.refusal()) return "";
  return std::to_string(parser.refusal()->status) + " " + parser.refusal()->reason;
}

std::string refusal_of_line(const std::string& line) { return refusal_of(line + "\r\n\r\n"); }
std::string refusal_of_field(const std::string& line) { return refusal_of("GET / HTTP/1.0\r\n" + line + "\r\n\r\n"); }

TEST(RequestLine, HasMethodTargetAndVersion) {
  HeadParser parser = parsed("GET /a?b HTTP/1.1\r\nHost: x\r\n\r\nbody");
  ASSERT_TRUE(parser.done());
  EXPECT_FALSE(parser.refusal());
  const Request& request = parser.request();
  EXPECT_EQ("GET", request.method);
  EXPECT_EQ("/a?b", request.target);
  EXPECT_EQ("HTTP/1.1", request.version);
  EXPECT_EQ(1, request.major);
  EXPECT_EQ(1, request.minor);
  EXPECT_EQ("GET /a?b HTTP/1.1", request.line);
  EXPECT_FALSE(request.is_simple());
}

TEST(RequestLine, SeparatesWordsAtAsciiWhitespace) {
  for (const std::string line : {"GET /f HTTP/1.0", "GET   /f    HTTP/1.0  ", " GET /f HTTP/1.0", "GET\t/f\tHTTP/1.0",
                                 "GET\v/f\vHTTP/1.0", "GET\f/f\fHTTP/1.0", "\t GET /f HTTP/1.0\f"}) {
    HeadParser parser = parsed(line + "\r\n\r\n");
    EXPECT_FALSE(parser.refusal()) << line;
    EXPECT_EQ("/f", parser.request().target) << line;
  }
}

TEST(RequestLine, DoesNotSeparateWordsAtUnicodeSpaces) {
  for (const char octet : {'\x1c', '\x1d', '\x1e', '\x1f', '\x85', '\xa0'}) {
    const std::string glued = "GET" + std::string(1, octet) + "/f" + std::string(1, octet) + "HTTP/1.0";
    EXPECT_EQ(0u, refusal_of_line(glued).find("400 Bad request syntax"));
    HeadParser parser = parsed("GET /a" + std::string(1, octet) + "b HTTP/1.0\r\n\r\n");
    EXPECT_EQ("/a" + std::string(1, octet) + "b", parser.request().target);
  }
}

TEST(RequestLine, EndsAtLfAndDropsCrsBeforeIt) {
  for (const std::string end : {"\n", "\r\n", "\r\r\n", "\r\r\r\n"}) {
    HeadParser parser = parsed("GET /f HTTP/1.0" + end + "\n");
    ASSERT_TRUE(parser.done());
    EXPECT_FALSE(parser.refusal());
    EXPECT_EQ("GET /f HTTP/1.0", parser.request().line);
  }
}

TEST(RequestLine, IsRefusedWithTheReason) {
  const std::map<std::string, std::string> answers = {
      {"GET", "400 Bad request syntax ('GET')"},
      {"\x16\x03\x01\x02\0"s, "400 Bad request syntax ('\\x16\\x03\\x01\\x02\\x00')"},
      {"GET /a b HTTP/1.0", "400 Bad request syntax ('GET /a b HTTP/1.0')"},
      {"GET / a b", "400 Bad request version ('b')"},
      {"GET <script>x y z", "400 Bad request version ('z')"},
      {"GET /f HTTP/ 1.0", "400 Bad request version ('1.0')"},
      {"GET /f\r HTTP/1.0", "400 Bad request syntax ('GET /f\\r HTTP/1.0')"},
      {"GET\r/f HTTP/1.0", "400 Bad request syntax ('GET\\r/f HTTP/1.0')"},
      {"GET /\0 HTTP/1.0"s, "400 Bad request syntax ('GET /\\x00 HTTP/1.0')"},
      {"GET /?\0"s, "400 Bad request syntax ('GET /?\\x00')"},
      {"POST /f", "400 Bad HTTP/0.9 request type ('POST')"},
      {"HEAD /f HTTP/0.9", "400 Bad HTTP/0.9 request type ('HEAD')"},
  };
  for (const auto& [line, answer] : answers) {
    EXPECT_EQ(answer, refusal_of_line(line));
    EXPECT_FALSE(parsed(line + "\n").request().is_simple()) << "a refusal has a status line";
  }
}

TEST(RequestLine, IsRefusedBeforeTheFields) {
  const HeadParser parser = parsed("nonsense\r\n");
  EXPECT_TRUE(parser.done());
  EXPECT_TRUE(parser.refusal());
}

TEST(Version, HasTwoNumbersOfOneToTenDigits) {
  const std::vector<std::string> good = {"HTTP/1.0",   "HTTP/1.1",          "HTTP/1.2", "HTTP/1.9",
                                         "HTTP/01.01", "HTTP/1.0000000001", "HTTP/0.8", "HTTP/0000000001.9999999999"};
  for (const auto& version : good) EXPECT_EQ("", refusal_of_line("GET / " + version)) << version;
  const std::vector<std::string> bad = {"HTTP/1",
                                        "HTTP/2",
                                        "HTTP/",
                                        "HTTP/.",
                                        "HTTP/1.",
                                        "HTTP/.1",
                                        "HTTP/1.x",
                                        "HTTP/1.1.1",
                                        "http/1.0",
                                        "HTTP/1.+1",
                                        "HTTP/-1.0",
                                        "HTTP/1_0.1",
                                        "FTP/1.0",
                                        "HTTP/1.00000000000",
                                        "HTTP/00000000001.0",
                                        "HTTP",
                                        "HTTP/1.\xb2"};
  for (const auto& version : bad) {
    EXPECT_EQ(0u, refusal_of_line("GET / " + version).find("400 Bad request version ('")) << version;
  }
}

TEST(Version, IsKeptAsSentAndReadAsNumbers) {
  HeadParser parser = parsed("GET / HTTP/01.9999999999\r\n\r\n");
  EXPECT_EQ("HTTP/01.9999999999", parser.request().version);
  EXPECT_EQ(1, parser.request().major);
  EXPECT_EQ(std::numeric_limits<int>::max(), parser.request().minor);
}

TEST(Version, TwoOrLaterIsNotSupported) {
  for (const std::string version : {"2.0", "3.0", "99.1", "02.0", "9999999999.0"}) {
    EXPECT_EQ("505 Invalid HTTP version (" + version + ")", refusal_of_line("GET / HTTP/" + version));
  }
}

TEST(SimpleRequest, HasTwoWordsOrVersion09) {
  for (const std::string line : {"GET /f", "GET /f HTTP/0.9"}) {
    HeadParser parser = parsed(line + "\r\n\r\n");
    EXPECT_TRUE(parser.request().is_simple());
    EXPECT_EQ(0, parser.request().major);
    EXPECT_EQ(9, parser.request().minor);
  }
  EXPECT_FALSE(parsed("GET /f HTTP/0.8\r\n\r\n").request().is_simple());
}

TEST(SimpleRequest, WaitsForTheEmptyLine) {
  HeadParser parser;
  parser.consume("GET /f\r\n");
  EXPECT_FALSE(parser.done());
  parser.consume("\r\n");
  EXPECT_TRUE(parser.done());
}

TEST(EmptyHead, HasAnEmptyFirstLine) {
  for (const std::string bytes : {"\r\n", "\n", "\r\r\n", "  \t\r\n"}) {
    HeadParser parser = parsed(bytes + "GET / HTTP/1.0\r\n\r\n");
    EXPECT_TRUE(parser.done());
    EXPECT_TRUE(parser.empty());
    EXPECT_FALSE(parser.refusal());
  }
  HeadParser closed;
  EXPECT_TRUE(closed.untouched());
  closed.end_of_input();
  EXPECT_TRUE(closed.empty());
  EXPECT_FALSE(parsed("GET /\n\n").empty());
  EXPECT_FALSE(parsed("GET\n").empty());
}

TEST(EndOfInput, EndsTheHead) {
  auto cut = [](const std::string& bytes) {
    HeadParser parser = parsed(bytes);
    parser.end_of_input();
    EXPECT_TRUE(parser.done());
    return told_by(parser, 0);
  };
  EXPECT_EQ(told_of("GET /f HTTP/1.0", {}), told_of("GET /f HTTP/1.0\n", {}).replace(5, 2, "15"));
  EXPECT_NE(std::string::npos, cut("GET /f HT").find("400 Bad request version ('HT')"));
  EXPECT_NE(std::string::npos, cut("GET /f HTTP/1.0\r\nHost: x\r\n").find("<Host|x>"));
  EXPECT_NE(std::string::npos, cut("GET /f HTTP/1.0\r\nHost: x").find("<Host|x>"));
  EXPECT_NE(std::string::npos, cut("GET /f HTTP/1.0\r\nHost").find("400 "));
}

TEST(Fields, KeepNamesOrderAndOctetsWithoutBlanksAroundValues) {
  HeadParser parser = parsed(
      "GET / HTTP/1.0\r\nB:two\r\na: \t one \t\r\nEmpty:\r\nBlank:  \r\nb: again\r\nHigh: \xe9\xff\r\nVt: a\vb\r\n"
      "Colon: a:b\nX-!#$%&'*+-.^_`|~1: t\r\n\r\n");
  ASSERT_TRUE(parser.done());
  ASSERT_FALSE(parser.refusal()) << parser.refusal()->reason;
  const std::vector<std::pair<std::string, std::string>> expected = {
      {"B", "two"},   {"a", "one"},     {"Empty", ""},
      {"Blank", ""},  {"b", "again"},   {"High", "\xe9\xff"},
      {"Vt", "a\vb"}, {"Colon", "a:b"}, {"X-!#$%&'*+-.^_`|~1", "t"}};
  const auto& fields = parser.request().fields;
  ASSERT_EQ(expected.size(), fields.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(expected[i].first, fields[i].name);
    EXPECT_EQ(expected[i].second, fields[i].value);
  }
}

TEST(Fields, AreFoundInAnyCase) {
  HeadParser parser = parsed("GET / HTTP/1.0\r\nACCEPT: a\r\nAccept: b\r\nAccept-X: c\r\naccept:\r\n\r\n");
  const Request& request = parser.request();
  EXPECT_EQ((std::vector<std::string_view>{"a", "b", ""}), request.values("accept"));
  EXPECT_EQ("a", request.first("Accept"));
  EXPECT_EQ(std::nullopt, request.first("Accep"));
  EXPECT_TRUE(request.values("Host").empty());
}

TEST(Fields, FoldedOverLinesAreJoinedByOneSpace) {
  HeadParser parser = parsed("GET / HTTP/1.0\r\nA: a\r\n  b\r\n\tc \r\nB:\r\n d\r\nC: e\r\n \t\r\nD: f\r\n\r\n");
  ASSERT_FALSE(parser.refusal());
  EXPECT_EQ("a b c", parser.request().first("A"));
  EXPECT_EQ("d", parser.request().first("B"));
  EXPECT_EQ("e", parser.request().first("C"));
  EXPECT_EQ("f", parser.request().first("D"));
}

TEST(Fields, ThatAreMalformedAreRefused) {
  for (const std::string& line : {"garbage"s,     "User-Agent : x"s, "User-Agent\t: x"s, ": v"s,
                                  " Leading: v"s, "\tLeading: v"s,   "A\0: v"s,          "A: \0"s,
                                  "A: a\rb"s,     "A: a\r"s,         "A(b: c"s,          "A=b: c"s,
                                  "A/b: c"s,      "A b: c"s,         "A\x7f: c"s,        "\xc3\xa9: c"s,
                                  "\"A\": c"s,    "A: b\r\n c\rd"s,  "A: b\r\n \0"s,     "A\rB: c"s,
                                  "\r"s}) {
    EXPECT_EQ("400", refusal_of_field(line).substr(0, 3)) << line;
  }
}

TEST(Fields, AreNotRepeatedInRefusals) {
  EXPECT_EQ(std::string::npos, refusal_of_field("Authorization Basic c2VjcmV0").find("c2Vj"));
  EXPECT_EQ(std::string::npos, refusal_of_field("Authorization : Basic c2VjcmV0").find("c2Vj"));
}

TEST(HeadLimits, ARequestLineHasAtMost65536OctetsWithItsEnd) {
  const auto line = [](std::size_t octets) { return "GET /" + std::string(octets - 16, 'a') + " HTTP/1.0\r\n"; };
  ASSERT_EQ(65536u, line(65536).size());
  EXPECT_EQ("", refusal_of(line(65536) + "\r\n"));
  EXPECT_EQ("414 URI Too Long", refusal_of(line(65537) + "\r\n"));
  EXPECT_EQ("414 URI Too Long", refusal_of(std::string(65537, 'a')));
  EXPECT_FALSE(parsed(std::string(65536, 'a')).done());
}

TEST(HeadLimits, AFieldLineHasAtMost65536OctetsWithItsEnd) {
  const auto line = [](std::size_t octets) { return "X: " + std::string(octets - 5, 'y') + "\r\n"; };
  EXPECT_EQ("", refusal_of("GET / HTTP/1.0\r\n" + line(65536) + "\r\n"));
  EXPECT_EQ("431 Line too long", refusal_of("GET / HTTP/1.0\r\n" + line(65537) + "\r\n"));
  EXPECT_EQ("431 Line too long", refusal_of("GET / HTTP/1.0\r\n" + std::string(65537, 'y')));
}

TEST(HeadLimits, AHeadHasAtMost99FieldLines) {
  const auto head = [](int fields, const std::string& last) {
    std::string bytes = "GET / HTTP/1.0\r\n";
    for (int i = 1; i < fields; ++i) bytes += "X-" + std::to_string(i) + ": y\r\n";
    return bytes + last + "\r\n\r\n";
  };
  EXPECT_EQ("", refusal_of(head(99, "A: b")));
  EXPECT_EQ("431 Too many headers", refusal_of(head(100, "A: b")));
  EXPECT_EQ("", refusal_of(head(99, " folded")));
  EXPECT_EQ("431 Too many headers", refusal_of(head(100, " folded")));
}

TEST(HeadLimits, AHeadHasAtMostOneMebibyte) {
  std::string bytes = "GET / HTTP/1.0\r\n";
  for (int i = 0; i < 15; ++i) bytes += "X: " + std::string(65536 - 5, 'y') + "\r\n";
  const auto head = [&](std::size_t octets) {
    return bytes + "X: " + std::string(octets - bytes.size() - 7, 'y') + "\r\n\r\n";
  };
  ASSERT_EQ(1u << 20, head(1 << 20).size());
  EXPECT_EQ("", refusal_of(head(1 << 20)));
  EXPECT_EQ("431 Request header is too long", refusal_of(head((1 << 20) + 1)));
}

TEST(HeadInPieces, HaveTheSameResult) {
  const HeadLimits small{40, 4, 120};
  const std::vector<std::string> heads = {
      "GET /a HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\nGET /next",
      "GET /a\r\n\r\nrest",
      "\r\nGET / HTTP/1.0\r\n\r\n",
      "GET / HTTP/1.0\nA: b\n\nbody\n\n",
      "POST / HTTP/1.0\r\nbad\r\nA: b\r\n\r\n",
      "GET / HTTP/3.0\r\n\r\n",
      "GET / HTTP/1.0\r\r\nA: b\r\r\n\r\n",
      "GET /0123456789012345678901 HTTP/1.0\r\nA: b\r\n\r\nx",
      "GET /01234567890123456789012 HTTP/1.0\r\nA: b\r\n\r\nx",
      "GET / HTTP/1.0\r\nA: 34567890123456789012345678901234567890\r\n\r\nx",
      "GET / HTTP/1.0\r\nA: 1\r\nA: 2\r\nA: 3\r\nA: 4\r\n\r\nx",
      "GET / HTTP/1.0\r\nA: 1\r\nA: 2\r\nA: 3\r\nA: 4\r\nA: 5\r\n\r\nx",
      "GET / HTTP/1.0\r\nA: 345678901234567890123456789\r\nA: 345678901234567890123456789\r\nA: "
      "34567890123456789012345678901234567\r\n\r\n",
      "GET / HTT",
  };
  for (const std::string& head : heads) {
    const std::string whole = told_of(head, {}, small);
    std::vector<std::size_t> every;
    for (std::size_t at = 0; at <= head.size(); ++at) {
      EXPECT_EQ(whole, told_of(head, {at}, small)) << "cut at " << at;
      every.push_back(at);
      for (std::size_t second = at; second <= head.size(); second += 3) {
        EXPECT_EQ(whole, told_of(head, {at, second}, small)) << "cut at " << at << " and " << second;
      }
    }
    EXPECT_EQ(whole, told_of(head, every, small)) << "octet by octet";
  }
}

TEST(HeadInPieces, HaveTheSameResultForRandomOctets) {
  std::mt19937 random(3875);
  const std::string alphabet = "GET /a:HTP1.09\r\n\r\n\n \tx\0\x80"s;
  for (int round = 0; round < 3000; ++round) {
    std::string bytes = round % 2 == 0 ? "" : "GET / HTTP/1.0\r\n";
    for (auto length = random() % 60; length > 0; --length) bytes += alphabet[random() % alphabet.size()];
    const std::string whole = told_of(bytes, {}, {30, 3, 70}, round % 3 != 0);
    const std::size_t cut = random() % (bytes.size() + 1);
    EXPECT_EQ(whole, told_of(bytes, {cut}, {30, 3, 70}, round % 3 != 0));
  }
}

TEST(BytesAfterTheHead, AreNotConsumed) {
  HeadParser parser;
  const std::string head = "POST / HTTP/1.0\r\nA: b\r\n\r\n";
  EXPECT_EQ(head.size(), parser.consume(head + "body\r\n\r\n"));
  EXPECT_FALSE(parser.untouched());
  EXPECT_EQ(0u, parser.consume("more"));
}

}  // namespace
}  // namespace cgi
