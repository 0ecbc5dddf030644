#include "http11_rules.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace cgi {
namespace {

using namespace std::string_literals;

struct Outcome {
  int status = 0;  // of the refusal; 0: accepted
  std::string reason;
  std::string target;
  std::optional<std::string> host;
  std::string host_field;
};

// Returns the result for the request "LINE CR LF FIELDS CR LF".
Outcome outcome(const std::string& line, const std::string& fields) {
  HeadParser head;
  head.consume(line + "\r\n" + fields + "\r\n");
  EXPECT_FALSE(head.refusal()) << line;
  head.request().host = "stale";
  const auto refusal = apply_http11_rules(head.request());
  if (refusal) {
    for (char c : refusal->reason) EXPECT_TRUE(c >= 0x20 && c <= 0x7e) << line;
    return {refusal->status, refusal->reason, "", std::nullopt, ""};
  }
  return {0, "", head.request().target, head.request().host,
          std::string(head.request().first("Host").value_or("(none)"))};
}

int status_of(const std::string& line, const std::string& fields = "Host: h\r\n") {
  return outcome(line, fields).status;
}

TEST(RequestLine, HasOneSpaceBetweenItsWords) {
  EXPECT_EQ(0, status_of("GET / HTTP/1.1"));
  for (const std::string line : {"GET  / HTTP/1.1", "GET /  HTTP/1.1", " GET / HTTP/1.1", "GET / HTTP/1.1 ",
                                 "GET\t/ HTTP/1.1", "GET /\vHTTP/1.1", "GET /\fHTTP/1.0"}) {
    EXPECT_EQ(400, status_of(line)) << line;
  }
}

TEST(RequestLine, HasATokenAsMethod) {
  for (const char* method : {"GET", "PUT", "X-FOO", "get", "M!#$%&'*+-.^_`|~1"}) {
    EXPECT_EQ(0, status_of(method + " / HTTP/1.1"s)) << method;
  }
  for (const char* method : {"<GET>", "G,T", "G/T", "G:T", "G\xc3\xa9T", "\"GET\""}) {
    EXPECT_EQ(400, status_of(method + " / HTTP/1.1"s)) << method;
  }
  EXPECT_EQ(501, status_of("CONNECT h:80 HTTP/1.1"));
  EXPECT_EQ(501, status_of("CONNECT / HTTP/1.1"));
}

TEST(RequestLine, HasVersion1OrLater) {
  for (const char* line : {"GET /", "GET / HTTP/0.9", "GET / HTTP/0.5"}) EXPECT_EQ(400, status_of(line)) << line;
  for (const char* line : {"GET / HTTP/1.0", "GET / HTTP/1.2", "GET / HTTP/1.9"}) EXPECT_EQ(0, status_of(line)) << line;
}

TEST(Version, IsNotChanged) {
  HeadParser head;
  head.consume("GET http://h/x HTTP/1.7\r\nHost: h\r\n\r\n");
  EXPECT_FALSE(apply_http11_rules(head.request()));
  EXPECT_EQ("HTTP/1.7", head.request().version);
  EXPECT_EQ(7, head.request().minor);
  EXPECT_EQ("GET http://h/x HTTP/1.7", head.request().line);
}

TEST(Target, IsRefusedWithOctetsThatNoUriMayHave) {
  for (const char* target : {"/\x01", "/a\x7f",
                             "/a\x1f"
                             "b",
                             "/a#x", "/a?b#x", "#", "http://h/\x02", "http://h/#f"}) {
    EXPECT_EQ(400, status_of("GET "s + target + " HTTP/1.1")) << target;
  }
  for (const char* target : {"/\xc3\xa9", "/%", "/%zz", "/%23", "/\"<>\\^`{|}", "//x", "/a?b?c"}) {
    EXPECT_EQ(target, outcome("GET "s + target + " HTTP/1.1", "Host: h\r\n").target);
  }
}

TEST(Target, BecomesAPath) {
  const std::map<std::string, std::string> targets = {
      {"/a/b?c", "/a/b?c"},
      {"http://h/a/b?c", "/a/b?c"},
      {"HTTP://H/A", "/A"},
      {"http://h:443/a", "/a"},
      {"http://h", "/"},
      {"http://h/", "/"},
      {"http://h?q", "/?q"},
      {"http://h?q=http://x/y", "/?q=http://x/y"},
      {"http://h//x/../y", "//x/../y"},
      {"http://h:/a", "/a"},
  };
  for (const auto& [target, path] : targets) {
    EXPECT_EQ(path, outcome("GET " + target + " HTTP/1.1", "Host: h\r\n").target) << target;
  }
}

TEST(Target, IsRefusedInAllOtherForms) {
  for (const char* target : {"a",
                             "a/b",
                             "?q",
                             "h:80",
                             "ftp://h/x",
                             "file:///etc/passwd",
                             "http:/h/x",
                             "http:h",
                             "://h/",
                             "http://",
                             "http:///x",
                             "http://?q",
                             "http://u:p@h/",
                             "http://u@h/",
                             "http://h:8x/",
                             "http://h:80:90/",
                             "http://[::1/x",
                             "http://a,b/",
                             "http://a\\b/",
                             "mailto:x",
                             "*"}) {
    EXPECT_EQ(400, status_of("GET "s + target + " HTTP/1.1")) << target;
  }
}

TEST(Target, OfHttpsGets421) {
  for (const char* target : {"https://h/x", "HTTPS://h", "https://"}) {
    EXPECT_EQ(421, status_of("GET "s + target + " HTTP/1.1")) << target;
  }
}

TEST(Asterisk, IsForOptions) {
  EXPECT_EQ("*", outcome("OPTIONS * HTTP/1.1", "Host: h\r\n").target);
  EXPECT_EQ("*", outcome("OPTIONS http://h HTTP/1.1", "Host: h\r\n").target);
  EXPECT_EQ("/", outcome("OPTIONS http://h/ HTTP/1.1", "Host: h\r\n").target);
  EXPECT_EQ("/x", outcome("OPTIONS /x HTTP/1.1", "Host: h\r\n").target);
  EXPECT_EQ(std::nullopt, outcome("OPTIONS * HTTP/1.1", "Host:\r\n").host);
  EXPECT_EQ(400, status_of("OPTIONS ** HTTP/1.1"));
  EXPECT_EQ(400, status_of("options * HTTP/1.1"));
}

TEST(Host, IsSentOnce) {
  EXPECT_EQ(400, status_of("GET / HTTP/1.1", ""));
  EXPECT_EQ(400, status_of("GET http://h/ HTTP/1.1", ""));
  EXPECT_EQ(400, status_of("GET / HTTP/1.3", ""));
  EXPECT_EQ(0, status_of("GET / HTTP/1.0", ""));
  for (const char* version : {"HTTP/1.0", "HTTP/1.1"}) {
    EXPECT_EQ(400, status_of("GET / "s + version, "Host: h\r\nhost: h\r\n"));
    EXPECT_EQ(400, status_of("GET / "s + version, "Host: a\r\nX: y\r\nHost: b\r\n"));
    EXPECT_EQ(400, status_of("GET / "s + version, "Host: a b\r\n"));
  }
}

TEST(Host, IsAHostWithAnOptionalPort) {
  const std::map<std::string, std::string> hosts = {
      {"h", "h"},
      {"Foo.Example:99", "foo.example"},
      {"foo.example.:", "foo.example."},
      {"192.0.2.1:8000", "192.0.2.1"},
      {"[::1]", "[::1]"},
      {"[2001:DB8::1]:8000", "[2001:db8::1]"},
      {"[::ffff:192.0.2.1]:", "[::ffff:192.0.2.1]"},
      {"a_b~c-d", "a_b~c-d"},
      {"%41b", "%41b"},
      {"a!$&'()*+;=b", "a!$&'()*+;=b"},
  };
  for (const auto& [sent, host] : hosts) {
    const Outcome got = outcome("GET / HTTP/1.1", "Host: " + sent + "\r\n");
    EXPECT_EQ(host, got.host.value_or(got.reason)) << sent;
    EXPECT_EQ(sent, got.host_field);
  }
  for (const char* sent :
       {"a b",      "a/b",  "a:80x",        "a:-1",   "a:8 0", "a,b",  "[::1", "::1",       "[::1]x",
        "[::1]]",   "[]",   "[::1%25eth0]", "[v1.a]", "[1]",   ":80",  "@",    "u@h",       "a\\b",
        "a?b",      "a#b",  "a%",           "a%4",    "a%zz",  "a\"b", "<a>",  "a\xc3\xa9", "a:80:80",
        "http://a", "a\tb", "[::1]:80:90",  "a\x01",  "a^b",   "a|b",  "{a}"}) {
    EXPECT_EQ(400, status_of("GET / HTTP/1.1", "Host: "s + sent + "\r\n")) << sent;
  }
}

TEST(Host, MayBeEmptyForAPath) {
  const Outcome got = outcome("GET / HTTP/1.1", "Host:\r\n");
  EXPECT_EQ(0, got.status);
  EXPECT_EQ(std::nullopt, got.host);
  EXPECT_EQ(400, status_of("GET http://h/ HTTP/1.1", "Host: \r\n"));
}

TEST(Host, IsThatOfAnAbsoluteTarget) {
  const Outcome got = outcome("GET http://One.example:81/x HTTP/1.1", "A: b\r\nhost: two.example\r\n");
  EXPECT_EQ("one.example", got.host);
  EXPECT_EQ("One.example:81", got.host_field);
  EXPECT_EQ("one.example:81", outcome("GET http://one.example:81/x HTTP/1.0", "").host_field);
  EXPECT_EQ(400, status_of("GET http://h/ HTTP/1.1", "Host: a/b\r\n"));
}

}  // namespace
}  // namespace cgi
