#include "meta_variables.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

namespace cgi {
namespace {

const ServerIdentity kServer = {"cgi-server/0.1.0", "localhost", 8000, "HTTP/1.0", "/srv/www"};

Request request_with(std::vector<Field> fields) {
  Request request;
  request.method = "GET";
  request.target = "/cgi-bin/env/a/b?q=1";
  request.version = "HTTP/1.1";
  request.remote_addr = "192.0.2.7";
  request.fields = std::move(fields);
  return request;
}

std::map<std::string, std::string> variables(std::vector<Field> fields, const Environment& passed_on = {}) {
  const Environment environment =
      meta_variables(request_with(std::move(fields)), "", {"/cgi-bin/env", ""}, "", kServer, passed_on);
  std::map<std::string, std::string> found(environment.begin(), environment.end());
  EXPECT_EQ(environment.size(), found.size()) << "a name is set twice";
  return found;
}

TEST(MetaVariables, AreTheseInThisOrder) {
  const Environment expected = {
      {"SERVER_SOFTWARE", "cgi-server/0.1.0"},
      {"SERVER_NAME", "localhost"},
      {"GATEWAY_INTERFACE", "CGI/1.1"},
      {"SERVER_PROTOCOL", "HTTP/1.0"},
      {"SERVER_PORT", "8000"},
      {"REQUEST_METHOD", "POST"},
      {"PATH_INFO", "/a/b"},
      {"PATH_TRANSLATED", "/srv/www/a/b"},
      {"SCRIPT_NAME", "/cgi-bin/env"},
      {"QUERY_STRING", "a=b?c=d&%20+"},
      {"REMOTE_ADDR", "192.0.2.7"},
      {"REMOTE_HOST", ""},
      {"CONTENT_TYPE", "text/x-test"},
      {"CONTENT_LENGTH", "3"},
      {"HTTP_ACCEPT", "text/html"},
      {"HTTP_REFERER", "http://r/"},
      {"HTTP_USER_AGENT", "UA/1 (x)"},
      {"HTTP_COOKIE", "c=1"},
      {"PATH", "/usr/bin:/bin"},
      {"LANG", "C.UTF-8"},
  };
  Request request = request_with({{"cookie", "c=1"},
                                  {"USER-AGENT", "UA/1 (x)"},
                                  {"Referer", "http://r/"},
                                  {"Accept", "text/html"},
                                  {"Content-Type", "text/x-test"},
                                  {"Content-Length", "3"}});
  request.method = "POST";
  EXPECT_EQ(expected, meta_variables(request, "a=b?c=d&%20+", {"/cgi-bin/env", "/a/b"}, "3", kServer,
                                     {{"PATH", "/usr/bin:/bin"}, {"LANG", "C.UTF-8"}}));
}

TEST(MetaVariables, ArePresentButEmptyWithoutAValue) {
  const auto found = variables({});
  EXPECT_EQ(18u, found.size());
  for (const char* name : {"PATH_INFO", "QUERY_STRING", "REMOTE_HOST", "CONTENT_LENGTH", "HTTP_ACCEPT", "HTTP_REFERER",
                           "HTTP_USER_AGENT", "HTTP_COOKIE"}) {
    ASSERT_TRUE(found.count(name)) << name;
    EXPECT_EQ("", found.at(name)) << name;
  }
}

TEST(PathTranslated, IsTheRootWithoutPathInfo) { EXPECT_EQ("/srv/www", variables({}).at("PATH_TRANSLATED")); }

TEST(ContentType, IsTextPlainOnlyIfNoFieldIsSent) {
  EXPECT_EQ("text/plain", variables({}).at("CONTENT_TYPE"));
  EXPECT_EQ("", variables({{"Content-Type", ""}}).at("CONTENT_TYPE"));
  EXPECT_EQ("a/b", variables({{"Content-Type", "a/b"}, {"content-type", "c/d"}}).at("CONTENT_TYPE"));
}

TEST(RepeatedFields, AreJoinedOrTheFirstOneCounts) {
  EXPECT_EQ("a/b,c/d", variables({{"ACCEPT", "a/b"}, {"accept", "c/d"}}).at("HTTP_ACCEPT"));
  EXPECT_EQ(",a/b,", variables({{"Accept", ""}, {"Accept", "a/b"}, {"Accept", ""}}).at("HTTP_ACCEPT"));
  EXPECT_EQ("a=1, b=2", variables({{"Cookie", "a=1"}, {"Cookie", ""}, {"Cookie", "b=2"}}).at("HTTP_COOKIE"));
  EXPECT_EQ("a=1", variables({{"Cookie", ""}, {"Cookie", "a=1"}, {"Cookie", ""}}).at("HTTP_COOKIE"));
  EXPECT_EQ("one", variables({{"User-Agent", "one"}, {"User-Agent", "two"}}).at("HTTP_USER_AGENT"));
  EXPECT_EQ("", variables({{"Referer", ""}, {"Referer", "two"}}).at("HTTP_REFERER"));
}

TEST(OctetsOfFields, ReachTheScriptUnchanged) {
  EXPECT_EQ("\xe9\xff\v \t", variables({{"User-Agent", "\xe9\xff\v \t"}}).at("HTTP_USER_AGENT"));
}

TEST(OtherFields, DoNotReachTheScript) {
  const auto found = variables({{"Host", "evil.example"},
                                {"Proxy", "http://evil/"},
                                {"X-Foo", "bar"},
                                {"Authorization", "Basic am9lOnNlY3JldA=="},
                                {"User_Agent", "sneaky"},
                                {"HTTP_COOKIE", "z"},
                                {"Content_Length", "99"},
                                {"Remote-User", "root"}});
  EXPECT_EQ(variables({}), found);
}

TEST(PassedOnVariables, NeverReplaceOrImpersonate) {
  auto expected = variables({});
  expected["LANG"] = "C";
  EXPECT_EQ(expected, variables({}, {{"REMOTE_USER", "root"},
                                     {"AUTH_TYPE", "Basic"},
                                     {"REMOTE_IDENT", "root"},
                                     {"CONTENT_LENGTH", "99"},
                                     {"HTTP_COOKIE", "stale"},
                                     {"QUERY_STRING", "poison"},
                                     {"LANG", "C"},
                                     {"LANG", "again"}}));
}

TEST(ScriptArguments, AreTheWholeQueryUnlessItHoldsAnEqualsSign) {
  const std::map<std::string, std::vector<std::string>> arguments = {
      {"", {""}},
      {"hello+world", {"hello world"}},
      {"hello+world+a%20b", {"hello world a%20b"}},
      {"-v", {"-v"}},
      {"a%3Db", {"a%3Db"}},
      {"%2B", {"%2B"}},
      {"?", {"?"}},
      {"a#b", {"a#b"}},
      {"//x//..//y", {"//x//..//y"}},
      {"\xff", {"\xff"}},
      {"a=b", {}},
      {"a+b=c", {}},
      {"=", {}},
  };
  for (const auto& [query, expected] : arguments) EXPECT_EQ(expected, script_arguments(query)) << query;
}

TEST(Strings, AreNameEqualsValue) {
  EXPECT_EQ((std::vector<std::string>{"A=1", "B=", "C=x=y"}), as_strings({{"A", "1"}, {"B", ""}, {"C", "x=y"}}));
}

}  // namespace
}  // namespace cgi
