#include "target.h"

#include <gtest/gtest.h>

namespace cgi::bench {
namespace {

TEST(Target, SplitsAUrl) {
  const Url whole = parse_url("a", "http://example.org:8080/site/");
  EXPECT_EQ("example.org", whole.host);
  EXPECT_EQ(8080, whole.port);
  EXPECT_EQ("example.org:8080", whole.authority);
  EXPECT_EQ("/site", whole.prefix);
  const Url bare = parse_url("a", "http://h");
  EXPECT_EQ(80, bare.port);
  EXPECT_EQ("", bare.prefix);
  const Url v6 = parse_url("a", "http://[::1]:81/");
  EXPECT_EQ("::1", v6.host);
  EXPECT_EQ(81, v6.port);
  EXPECT_EQ(80, parse_url("a", "http://[::1]").port);
}

TEST(Target, RefusesAnInvalidUrl) {
  for (const char* url : {"https://h", "h:80", "http://", "http://h:x", "http://h:0", "http://h:99999", "http://:80"}) {
    EXPECT_THROW(parse_url("a", url), TargetError) << url;
  }
  try {
    parse_url("a", "");
  } catch (const TargetError& error) {
    EXPECT_STREQ("URL \"\" of target \"a\" does not begin with http:// (try: a=http://127.0.0.1:8000)", error.what());
  }
}

}  // namespace
}  // namespace cgi::bench
