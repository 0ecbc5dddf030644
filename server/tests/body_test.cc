#include "body.h"

#include <gtest/gtest.h>

#include <limits>
#include <map>
#include <random>
#include <string>
#include <vector>

namespace cgi {
namespace {

using namespace std::string_literals;

using Lines = std::vector<Field>;

// Returns "chunked", "none", "length N", or a status such as "400".
std::string framing(const Lines& fields, int minor = 1) {
  Request request;
  request.fields = fields;
  request.minor = minor;
  const auto result = framing_of(request);
  if (const auto* refusal = std::get_if<Refusal>(&result)) return std::to_string(refusal->status);
  const auto& found = std::get<Framing>(result);
  if (found.chunked) return "chunked";
  return found.announced ? "length " + std::to_string(found.length) : "none";
}

Field length(std::string value) { return {"Content-Length", std::move(value)}; }
Field coding(std::string value) { return {"Transfer-Encoding", std::move(value)}; }

TEST(ContentLength, HasOnlyDigits) {
  EXPECT_EQ("none", framing({}));
  EXPECT_EQ("length 0", framing({length("0")}));
  EXPECT_EQ("length 11", framing({length("11")}));
  EXPECT_EQ("length 5", framing({length("005")}));
  EXPECT_EQ("length 3", framing({{"content-LENGTH", "3"}}));
  for (const std::string value :
       {"", "-1", "+5", "5x", "x5", "0x5", "5 5", "5.0", "1e1", "5,5", "5, 5", "5, 6", "\xd9\xa3", "5\v", "'5'"}) {
    EXPECT_EQ("400", framing({length(value)})) << value;
  }
}

TEST(ContentLength, MayBeRepeatedWithTheSameValue) {
  EXPECT_EQ("length 5", framing({length("5"), length("5")}));
  EXPECT_EQ("400", framing({length("5"), length("6")}));
  EXPECT_EQ("400", framing({length("5"), length("05")}));
  EXPECT_EQ("400", framing({length(""), length("5")}));
  EXPECT_EQ("400", framing({length("5"), length("x")}));
}

TEST(ContentLength, DoesNotWrapAround) {
  EXPECT_EQ("length 2147483648", framing({length("2147483648")}));
  EXPECT_EQ("length 9223372036854775808", framing({length("9223372036854775808")}));
  EXPECT_EQ("length 18446744073709551615", framing({length("18446744073709551615")}));
  EXPECT_EQ("length 18446744073709551615", framing({length("18446744073709551616")}));
  EXPECT_EQ("length 18446744073709551615", framing({length(std::string(40, '9'))}));
}

TEST(TransferEncoding, IsChunkedOrRefused) {
  for (const std::string value : {"chunked", "Chunked", "CHUNKED", "ChUnKeD"}) {
    EXPECT_EQ("chunked", framing({coding(value)})) << value;
  }
  for (const std::string value : {"gzip", "identity", "xchunked", "chunkedx", "chunked;q=1", ",chunked", "\"chunked\"",
                                  "gzip, chunked", "chunked, chunked", "chunked, gzip", "\vchunked", "chunke"}) {
    EXPECT_EQ("501", framing({coding(value)})) << value;
  }
  EXPECT_EQ("400", framing({coding("")}));
  EXPECT_EQ("400", framing({coding("chunked"), coding("chunked")}));
  EXPECT_EQ("501", framing({coding("chunked"), coding("gzip")}));
}

TEST(TransferEncoding, IsRefusedWithContentLengthOrInHttp10) {
  EXPECT_EQ("400", framing({coding("chunked"), length("4")}));
  EXPECT_EQ("400", framing({length("4"), coding("gzip")}));
  EXPECT_EQ("400", framing({coding("chunked")}, 0));
  EXPECT_EQ("chunked", framing({coding("chunked")}, 2));
}

struct Decoded {
  std::string data;
  std::size_t used = 0;
  std::string state;
  bool operator==(const Decoded&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Decoded& decoded) {
  return out << decoded.state << " after " << decoded.used << ": " << decoded.data.substr(0, 80);
}

Decoded decode(const std::string& bytes, const std::vector<std::size_t>& cuts = {}) {
  ChunkedDecoder decoder;
  Decoded result;
  std::size_t begin = 0;
  auto feed = [&](std::size_t stop) {
    result.used += decoder.decode(std::string_view(bytes).substr(begin, stop - begin), result.data);
    begin = stop;
  };
  for (std::size_t cut : cuts) feed(cut);
  feed(bytes.size());
  EXPECT_FALSE(decoder.done() && decoder.broken());
  result.state = decoder.done() ? "done" : decoder.broken() ? "broken" : "open";
  return result;
}

TEST(ChunkedBody, IsTheDataOfItsChunks) {
  const std::map<std::string, std::string> bodies = {
      {"0\r\n\r\n", ""},
      {"3\r\nabc\r\n0\r\n\r\n", "abc"},
      {"3\r\nabc\r\n02\r\nde\r\n000\r\n\r\n", "abcde"},
      {"A\r\n0123456789\r\n0\r\n\r\n", "0123456789"},
      {"a\r\n0123456789\r\n0\r\n\r\n", "0123456789"},
      {"4\r\n\r\n\r\n\r\n0\r\n\r\n", "\r\n\r\n"},
      {"3;a=b\r\nabc\r\n0;last\r\n\r\n", "abc"},
      {"3 \t;a=\"b c\"\r\nabc\r\n0\r\n\r\n", "abc"},
      {"3\r\nabc\r\n0\r\nContent-Length: 9\r\nHost: evil\r\n\r\n", "abc"},
      {"0000000000000003\r\nabc\r\n0\r\n\r\n", "abc"},
  };
  for (const auto& [bytes, data] : bodies) {
    EXPECT_EQ((Decoded{data, bytes.size(), "done"}), decode(bytes)) << bytes;
    EXPECT_EQ((Decoded{data, bytes.size(), "done"}), decode(bytes + "GET / HTTP/1.1\r\n")) << bytes;
  }
}

TEST(ChunkedBody, IsCompleteWithItsLastOctet) {
  const std::string bytes = "3;x\r\nabc\r\n0\r\nA: b\r\n\r\n";
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_EQ("open", decode(bytes.substr(0, length)).state) << length;
  }
}

TEST(ChunkedBody, IsBrokenByAmbiguousFraming) {
  for (const std::string& bytes :
       {"\r\n"s,         "-1\r\n"s,         "+5\r\n"s,          "0x5\r\n"s,     "5_0\r\n"s,       "G\r\n"s,
        " 5\r\n"s,       "5 \r\n"s,         "5\t\r\n"s,         "5 x\r\n"s,     ";a\r\n"s,        "3\nabc\r\n"s,
        "3\r\rabc"s,     "3\rabc"s,         "3\r\nabcd"s,       "3\r\nabc\n"s,  "3\r\nabc\r\r"s,  "3\r\nabc0\r\n"s,
        "3;a\nabc\r\n"s, "3;a\0\r\n"s,      "3;a\rb\r\n"s,      "0\r\nA: b\n"s, "0\r\nA\rB\r\n"s, "0\r\n\n"s,
        "0\r\n\r\r"s,    "0\r\nA: \0\r\n"s, "3\r\nabc\r\n\r\n"s}) {
    EXPECT_EQ("broken", decode(bytes).state) << bytes;
  }
}

TEST(ChunkSize, HasAtMost64Bits) {
  EXPECT_EQ("open", decode("FFFFFFFFFFFFFFFF\r\nx").state);
  EXPECT_EQ("broken", decode("10000000000000000\r\n").state);
  EXPECT_EQ("broken", decode("FFFFFFFFFFFFFFFFF\r\n").state);
  EXPECT_EQ("broken", decode(std::string(17, '0') + "\r\n").state);
}

TEST(ChunkExtension, HasAtMost4096Octets) {
  const auto body = [](std::size_t octets) { return "0;" + std::string(octets - 1, 'x') + "\r\n\r\n"; };
  EXPECT_EQ("done", decode(body(4096)).state);
  EXPECT_EQ("broken", decode(body(4097)).state);
  EXPECT_EQ("broken", decode("0" + std::string(5000, ' ')).state);
}

TEST(ChunkedBody, IsBrokenByAControlInExtensionsOrTrailers) {
  for (const char* octet : {"\x01", "\x1f", "\x7f"}) {
    EXPECT_EQ("broken", decode("0;a=" + std::string(octet) + "\r\n\r\n").state);
    EXPECT_EQ("broken", decode("0\r\nA: " + std::string(octet) + "\r\n\r\n").state);
  }
}

TEST(Trailers, HaveAtMost4096OctetsEachAnd64KiBInAll) {
  const auto trailer = [](std::size_t octets) { return std::string(octets, 'x') + "\r\n"; };
  EXPECT_EQ("done", decode("0\r\n" + trailer(4096) + "\r\n").state);
  EXPECT_EQ("broken", decode("0\r\n" + trailer(4097) + "\r\n").state);
  std::string many = "0\r\n";
  for (int i = 0; i < 64; ++i) many += trailer(1022);
  EXPECT_EQ("done", decode(many + "\r\n").state);
  EXPECT_EQ("broken", decode(many + "x\r\n\r\n").state);
}

TEST(ChunkedBody, DoesNotDependOnThePieces) {
  for (const std::string& bytes :
       {"3;a=b\r\nabc\r\nC\r\n0123456789ab\r\n0\r\nA: b\r\nC: d\r\n\r\nGET /"s, "3\r\nabc\r\n0\r\n\r\n\r\n"s,
        "5\r\nhello\r\n5\r\nworld!\r\n0\r\n\r\n"s, "2 ;x\r\nab\r\n2\nab\r\n"s, "FFFFFFFFFFFFFFFF\r\nabc"s}) {
    const Decoded whole = decode(bytes);
    std::vector<std::size_t> every;
    for (std::size_t at = 0; at <= bytes.size(); ++at) {
      every.push_back(at);
      for (std::size_t second = at; second <= bytes.size(); ++second) EXPECT_EQ(whole, decode(bytes, {at, second}));
    }
    EXPECT_EQ(whole, decode(bytes, every));
  }
}

TEST(ChunkedBody, DecodesRandomChunks) {
  std::mt19937 random(7230);
  for (int round = 0; round < 500; ++round) {
    std::string data;
    std::string bytes;
    for (auto chunks = random() % 6; chunks > 0; --chunks) {
      std::string chunk(1 + random() % 300, ' ');
      for (char& c : chunk) c = static_cast<char>(random());
      char size[20];
      std::snprintf(size, sizeof size, random() % 2 != 0 ? "%zx" : "%zX", chunk.size());
      bytes += size + std::string(random() % 3 == 0 ? ";ext" : "") + "\r\n" + chunk + "\r\n";
      data += chunk;
    }
    bytes += "0\r\n\r\n";
    std::vector<std::size_t> cuts = {random() % (bytes.size() + 1), random() % (bytes.size() + 1)};
    if (cuts[0] > cuts[1]) std::swap(cuts[0], cuts[1]);
    EXPECT_EQ((Decoded{data, bytes.size(), "done"}), decode(bytes, cuts));
  }
}

TEST(Chunk, IsItsSizeInHexadecimalAndItsOctets) {
  std::string out;
  append_chunk(out, "hello");
  append_chunk(out, "");
  append_chunk(out, std::string(26, 'x'));
  EXPECT_EQ("5\r\nhello\r\n1a\r\n" + std::string(26, 'x') + "\r\n", out);
}

}  // namespace
}  // namespace cgi
