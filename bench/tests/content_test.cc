#include "content.h"

#include <gtest/gtest.h>

namespace cgi::bench {
namespace {

std::string verdict_on(const Expected& expected, int status, const std::vector<std::string>& pieces) {
  ContentCheck check;
  check.begin(expected);
  for (const auto& piece : pieces) check.take(piece);
  return check.verdict(status);
}

TEST(Content, IsComparedInAnyPieces) {
  const Repeated content("abc", 50'000);
  const std::string whole = content.whole();
  ASSERT_EQ(150'000u, whole.size());
  for (std::size_t cut : {0ul, 1ul, 65'535ul, 65'536ul, 65'537ul, 149'999ul}) {
    EXPECT_TRUE(content.has(0, whole.substr(0, cut))) << cut;
    EXPECT_TRUE(content.has(cut, whole.substr(cut))) << cut;
  }
  EXPECT_FALSE(content.has(1, whole.substr(0, 3)));
  EXPECT_FALSE(content.has(149'999, "ca"));
  EXPECT_FALSE(content.has(150'001, ""));
}

TEST(Content, ThatIsWrongHasAReason) {
  const Expected hello{{200}, true, Repeated("hello\n")};
  EXPECT_EQ("", verdict_on(hello, 200, {"hel", "lo\n"}));
  EXPECT_EQ("content of the right length, but not the right content", verdict_on(hello, 200, {"hellO\n"}));
  EXPECT_EQ("5 octets of content instead of 6", verdict_on(hello, 200, {"hello"}));
  EXPECT_EQ("12 octets of content instead of 6", verdict_on(hello, 200, {"hello\n", "hello\n"}));
  EXPECT_EQ("status 500 instead of 200", verdict_on(hello, 500, {"hello\n"}));
}

TEST(Content, OfAnErrorPageMustNotBeEmpty) {
  const Expected refused{{501, 405}, false, {}};
  EXPECT_EQ("", verdict_on(refused, 405, {"no"}));
  EXPECT_EQ("no content", verdict_on(refused, 501, {}));
  EXPECT_EQ("status 200 instead of 501 or 405", verdict_on(refused, 200, {"yes"}));
}

TEST(Content, IsComparedForEachResponseAnew) {
  const Expected hello{{200}, true, Repeated("hello\n")};
  ContentCheck check;
  check.begin(hello);
  check.take("wrong!");
  EXPECT_NE("", check.verdict(200));
  check.begin(hello);
  check.take("hello\n");
  EXPECT_EQ("", check.verdict(200));
}

}  // namespace
}  // namespace cgi::bench
