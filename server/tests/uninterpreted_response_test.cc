#include "uninterpreted_response.h"

#include <gtest/gtest.h>

#include <string>

namespace cgi {
namespace {

const std::string kHead = "HTTP/1.1 200 Script output follows\r\n";

// Returns the response if the script prints `output` at once and ends.
std::string whole(const std::string& output, Delimiting delimiting, bool head_only = false) {
  UninterpretedResponse response(kHead, delimiting, head_only);
  response.take(output);
  response.finish();
  return response.flush();
}

TEST(UninterpretedResponse, DoesNotChangeOutputIfTheConnectionCloses) {
  for (const std::string& output : {std::string("Status: 404 x\nContent-Length: 99\n\n\0\xff", 36),
                                    std::string("no header at all"), std::string()}) {
    EXPECT_EQ(kHead + output, whole(output, Delimiting::kClose));
  }
}

TEST(UninterpretedResponse, HeadSendsTheHeaderSectionOnly) {
  EXPECT_EQ(kHead + "A: b\n\n", whole("A: b\n\nbody", Delimiting::kClose, true));
  EXPECT_EQ(kHead + "A: b\n", whole("A: b\n", Delimiting::kClose, true));
  EXPECT_EQ(kHead + "\n", whole("\nbody", Delimiting::kClose, true));
  EXPECT_EQ(kHead + "A: b\r\n\r\n", whole("A: b\r\n\r\nbody", Delimiting::kFramed, true));
}

TEST(UninterpretedResponse, HeadSendsNoBodyWhateverThePieces) {
  const std::string output = "A: b\r\nC: d\r\n\r\nbody\r\n\r\nmore";
  for (std::size_t cut = 0; cut <= output.size(); ++cut) {
    UninterpretedResponse response(kHead, Delimiting::kClose, true);
    response.take(output.substr(0, cut));
    std::string sent = response.flush();
    response.take(output.substr(cut));
    response.finish();
    sent += response.flush();
    EXPECT_EQ(kHead + "A: b\r\nC: d\r\n\r\n", sent) << cut;
  }
}

TEST(UninterpretedResponse, AddsTheLengthIfAllOutputIsKnown) {
  EXPECT_EQ(kHead + "Content-Length: 4\r\nA: b\n\r\nbody", whole("A: b\n\nbody", Delimiting::kFramed));
  EXPECT_EQ(kHead + "Content-Length: 0\r\n\r\n", whole("", Delimiting::kFramed));
}

TEST(UninterpretedResponse, ReplacesTheFramingFieldsOfTheScript) {
  const std::string output =
      "Content-Length: 99\r\n folded\r\nA: b\r\nconnection: keep-alive\r\nTRANSFER-ENCODING: chunked\r\n"
      "Keep-Alive: 5\r\nContent-Length-X: kept\r\n\r\nbody";
  EXPECT_EQ(kHead + "Content-Length: 4\r\nA: b\r\nContent-Length-X: kept\r\n\r\nbody",
            whole(output, Delimiting::kFramed));
}

// Some clients would take them for the framing.  rule: injection/wrong-length-of-script
TEST(UninterpretedResponse, DropsFramingFieldsThatAreOddlyWritten) {
  for (const std::string name : {"Content-Length ", "Content-Length\t", "Content-Length\r", "Content-Length\v",
                                 "Content-Length\f", "Content-Length\xa0", "\x01Transfer-Encoding"}) {
    EXPECT_EQ(kHead + "Content-Length: 4\r\nA: b\n\r\nbody",
              whole("A: b\n" + name + ": 3\n\nbody", Delimiting::kFramed))
        << name;
  }
  EXPECT_EQ(kHead + "Content-Length: 4\r\nA: b Content-Length: 3\r\n\r\nbody",
            whole("A: b\rContent-Length: 3\r\n\r\nbody", Delimiting::kFramed));
}

TEST(UninterpretedResponse, ContinuesNoFieldOfTheServer) {
  EXPECT_EQ(kHead + "Content-Length: 4\r\nA: b\n folded\n\r\nbody",
            whole(" 5\n\t6\n\r\r7\nA: b\n folded\n\nbody", Delimiting::kFramed));
}

TEST(UninterpretedResponse, SendsLateOutputInChunks) {
  UninterpretedResponse response(kHead, Delimiting::kFramed, false);
  EXPECT_EQ(kHead, response.flush());  // before the script prints anything
  response.take("A: b\n");
  EXPECT_EQ("", response.flush());
  response.take("\nfirst");
  EXPECT_EQ("Transfer-Encoding: chunked\r\nA: b\n\r\n5\r\nfirst\r\n", response.flush());
  response.take("0123456789abcdef");
  EXPECT_EQ("10\r\n0123456789abcdef\r\n", response.flush());
  response.finish();
  EXPECT_EQ("0\r\n\r\n", response.flush());
  EXPECT_TRUE(response.keeps_connection());
}

TEST(UninterpretedResponse, ClosesTheConnectionAfterOutputWithoutAHeaderSection) {
  for (const std::string& start : {std::string("no empty line\n"), std::string(70'000, 'x')}) {
    UninterpretedResponse response(kHead, Delimiting::kFramed, false);
    response.take(start);
    response.take("and no more");
    response.finish();
    EXPECT_EQ(kHead + "Connection: close\r\n" + start + "and no more", response.flush());
    EXPECT_FALSE(response.keeps_connection());
  }
}

// The second 64 KiB end the header section. The server must not frame it then.
TEST(UninterpretedResponse, DoesNotFrameALongHeaderSectionLater) {
  const std::string section = "X-Long: " + std::string(70'000, 'x');
  const std::string rest = "\nContent-Length: 3\n\neighteen octets...";
  UninterpretedResponse response(kHead, Delimiting::kFramed, false);
  response.take(section);
  response.take(section);
  EXPECT_EQ(kHead + "Connection: close\r\n" + section + section, response.flush());
  response.take(rest);
  response.finish();
  EXPECT_EQ(rest, response.flush());
  EXPECT_FALSE(response.keeps_connection());
}

}  // namespace
}  // namespace cgi
