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

std::map<std::string, std::string> cgihttpserver_found(std::vector<Field> fields, const Environment& passed_on = {}) {
  const Environment environment =
      cgihttpserver_variables({request_with(std::move(fields)), "", {"/cgi-bin/env", ""}, "", kServer}, passed_on);
  std::map<std::string, std::string> found(environment.begin(), environment.end());
  EXPECT_EQ(environment.size(), found.size()) << "a name is set twice";
  return found;
}

TEST(CgihttpserverVariables, AreTheseInCPythonsOrder) {
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
  EXPECT_EQ(expected, cgihttpserver_variables({request, "a=b?c=d&%20+", {"/cgi-bin/env", "/a/b"}, "3", kServer},
                                              {{"PATH", "/usr/bin:/bin"}, {"LANG", "C.UTF-8"}}));
}

TEST(CgihttpserverVariables, ArePresentButEmptyWithoutAValue) {
  const auto found = cgihttpserver_found({});
  EXPECT_EQ(18u, found.size());
  for (const char* name : {"PATH_INFO", "QUERY_STRING", "REMOTE_HOST", "CONTENT_LENGTH", "HTTP_ACCEPT", "HTTP_REFERER",
                           "HTTP_USER_AGENT", "HTTP_COOKIE"}) {
    ASSERT_TRUE(found.count(name)) << name;
    EXPECT_EQ("", found.at(name)) << name;
  }
}

TEST(PathTranslated, IsTheRootWithoutPathInfo) { EXPECT_EQ("/srv/www", cgihttpserver_found({}).at("PATH_TRANSLATED")); }

TEST(PathTranslated, BelowTheRootOfTheFileSystemHasOneSlash) {
  ServerIdentity server = kServer;
  server.root = "/";
  const auto of = [&](const std::string& path_info, bool by_the_rfc) {
    const Request request = request_with({});
    const ScriptPath script = {"/cgi-bin/env", path_info};
    const ScriptRequest from = {request, "", script, "", server};
    const Environment environment = by_the_rfc ? cgi11_variables(from, {}) : cgihttpserver_variables(from, {});
    return std::map<std::string, std::string>(environment.begin(), environment.end());
  };
  EXPECT_EQ("/a/b", of("/a/b", false).at("PATH_TRANSLATED"));
  EXPECT_EQ("/", of("/", false).at("PATH_TRANSLATED"));
  EXPECT_EQ("/", of("", false).at("PATH_TRANSLATED"));
  EXPECT_EQ("/a/b", of("/a/b", true).at("PATH_TRANSLATED"));
  EXPECT_EQ("/cgi-bin/env", of("", true).at("SCRIPT_FILENAME"));
  EXPECT_EQ("/", of("", true).at("DOCUMENT_ROOT"));
}

TEST(ContentType, IsTextPlainOnlyIfNoFieldIsSent) {
  EXPECT_EQ("text/plain", cgihttpserver_found({}).at("CONTENT_TYPE"));
  EXPECT_EQ("", cgihttpserver_found({{"Content-Type", ""}}).at("CONTENT_TYPE"));
  EXPECT_EQ("a/b", cgihttpserver_found({{"Content-Type", "a/b"}, {"content-type", "c/d"}}).at("CONTENT_TYPE"));
}

TEST(RepeatedFields, AreJoinedOrHaveTheFirstValue) {
  EXPECT_EQ("a/b,c/d", cgihttpserver_found({{"ACCEPT", "a/b"}, {"accept", "c/d"}}).at("HTTP_ACCEPT"));
  EXPECT_EQ(",a/b,", cgihttpserver_found({{"Accept", ""}, {"Accept", "a/b"}, {"Accept", ""}}).at("HTTP_ACCEPT"));
  EXPECT_EQ("a=1, b=2", cgihttpserver_found({{"Cookie", "a=1"}, {"Cookie", ""}, {"Cookie", "b=2"}}).at("HTTP_COOKIE"));
  EXPECT_EQ("a=1", cgihttpserver_found({{"Cookie", ""}, {"Cookie", "a=1"}, {"Cookie", ""}}).at("HTTP_COOKIE"));
  EXPECT_EQ("one", cgihttpserver_found({{"User-Agent", "one"}, {"User-Agent", "two"}}).at("HTTP_USER_AGENT"));
  EXPECT_EQ("", cgihttpserver_found({{"Referer", ""}, {"Referer", "two"}}).at("HTTP_REFERER"));
}

TEST(OctetsOfFields, ReachTheScriptUnchanged) {
  EXPECT_EQ("\xe9\xff\v \t", cgihttpserver_found({{"User-Agent", "\xe9\xff\v \t"}}).at("HTTP_USER_AGENT"));
}

TEST(OtherFields, DoNotReachTheScript) {
  const auto found = cgihttpserver_found({{"Host", "evil.example"},
                                          {"Proxy", "http://evil/"},
                                          {"X-Foo", "bar"},
                                          {"Authorization", "Basic am9lOnNlY3JldA=="},
                                          {"User_Agent", "sneaky"},
                                          {"HTTP_COOKIE", "z"},
                                          {"Content_Length", "99"},
                                          {"Remote-User", "root"}});
  EXPECT_EQ(cgihttpserver_found({}), found);
}

TEST(PassedOnVariables, NeverReplaceAMetaVariable) {
  auto expected = cgihttpserver_found({});
  expected["LANG"] = "C";
  EXPECT_EQ(expected, cgihttpserver_found({}, {{"REMOTE_IDENT", "root"},
                                               {"CONTENT_LENGTH", "99"},
                                               {"HTTP_COOKIE", "stale"},
                                               {"QUERY_STRING", "poison"},
                                               {"LANG", "C"},
                                               {"LANG", "again"}}));
}

TEST(CgihttpserverArguments, AreTheWholeQueryUnlessItHoldsAnEqualsSign) {
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
  for (const auto& [query, expected] : arguments) EXPECT_EQ(expected, cgihttpserver_arguments(query)) << query;
}

std::map<std::string, std::string> cgi11_found(std::vector<Field> fields, const Environment& passed_on = {}) {
  const Environment environment =
      cgi11_variables({request_with(std::move(fields)), "", {"/cgi-bin/env", ""}, "", kServer}, passed_on);
  std::map<std::string, std::string> found(environment.begin(), environment.end());
  EXPECT_EQ(environment.size(), found.size()) << "a name is set twice";
  return found;
}

TEST(Cgi11Variables, AreTheseForARequestWithEverything) {
  const Environment expected = {
      {"CONTENT_LENGTH", "3"},
      {"CONTENT_TYPE", "Text/X-Test; a=B"},
      {"GATEWAY_INTERFACE", "CGI/1.1"},
      {"PATH_INFO", "/a/B"},
      {"PATH_TRANSLATED", "/srv/www/a/B"},
      {"QUERY_STRING", "a=b?c=d&%20+"},
      {"REMOTE_ADDR", "192.0.2.7"},
      {"REQUEST_METHOD", "X-Foo"},
      {"SCRIPT_NAME", "/cgi-bin/env"},
      {"SERVER_NAME", "foo.example"},
      {"SERVER_PORT", "8000"},
      {"SERVER_PROTOCOL", "HTTP/1.1"},
      {"SERVER_SOFTWARE", "cgi-server/0.1.0"},
      {"REQUEST_URI", "/cgi-bin/%65nv/a/B?a=b?c=d&%20+"},
      {"SCRIPT_FILENAME", "/srv/www/cgi-bin/env"},
      {"DOCUMENT_ROOT", "/srv/www"},
      {"REDIRECT_STATUS", "200"},
      {"HTTP_HOST", "Foo.example:99"},
      {"HTTP_X_FOO", "1, 2"},
      {"HTTP_CONTENT_ENCODING", "gzip"},
      {"PATH", "/usr/bin:/bin"},
  };
  Request request = request_with({{"Host", "Foo.example:99"},
                                  {"x-foo", "1"},
                                  {"Content-Type", "Text/X-Test; a=B"},
                                  {"Content-Length", "3"},
                                  {"Content-Encoding", "gzip"},
                                  {"X-Foo", "2"}});
  request.method = "X-Foo";
  request.minor = 9;
  request.host = "foo.example";
  request.uri = "/cgi-bin/%65nv/a/B?a=b?c=d&%20+";
  EXPECT_EQ(expected, cgi11_variables({request, "a=b?c=d&%20+", {"/cgi-bin/env", "/a/B"}, "3", kServer},
                                      {{"PATH", "/usr/bin:/bin"}}));
}

TEST(Cgi11Variables, AreMissingOrEmptyWithoutAValue) {
  const auto found = cgi11_found({});
  for (const char* name : {"AUTH_TYPE", "REMOTE_USER", "REMOTE_IDENT", "REMOTE_HOST", "CONTENT_LENGTH", "CONTENT_TYPE",
                           "PATH_TRANSLATED", "HTTP_COOKIE"}) {
    EXPECT_FALSE(found.count(name)) << name;
  }
  EXPECT_EQ("", found.at("QUERY_STRING"));
  EXPECT_EQ("", found.at("PATH_INFO"));
  EXPECT_EQ("localhost", found.at("SERVER_NAME"));
  EXPECT_EQ("HTTP/1.0", found.at("SERVER_PROTOCOL"));
}

TEST(ServerName, PutsIPv6InBrackets) {
  ServerIdentity server = kServer;
  const auto name = [&](const std::optional<std::string>& host) {
    Request request = request_with({});
    request.host = host;
    const auto found = cgi11_variables({request, "", {"/s", ""}, "", server}, {});
    return std::map<std::string, std::string>(found.begin(), found.end()).at("SERVER_NAME");
  };
  EXPECT_EQ("[2001:db8::1]", name("[2001:db8::1]"));
  server.name = "::1";
  EXPECT_EQ("[::1]", name(std::nullopt));
}

TEST(Fields, BecomeVariables) {
  const std::map<std::string, std::string> names = {
      {"Host", "HTTP_HOST"},
      {"accept-LANGUAGE", "HTTP_ACCEPT_LANGUAGE"},
      {"xx-yy123", "HTTP_XX_YY123"},
      {"1", "HTTP_1"},
      {"-", "HTTP__"},
      {"X--Y", "HTTP_X__Y"},
      {"Content-Encoding", "HTTP_CONTENT_ENCODING"},
      {"Content-Language", "HTTP_CONTENT_LANGUAGE"},
      {"Content-MD5", "HTTP_CONTENT_MD5"},
      {"Remote-User", "HTTP_REMOTE_USER"},
      {"Script-Name", "HTTP_SCRIPT_NAME"},
      {"Path", "HTTP_PATH"},
      {"Https", "HTTP_HTTPS"},
      {"Proxies", "HTTP_PROXIES"},
      {"Http-Proxy", "HTTP_HTTP_PROXY"},
      {"Status", "HTTP_STATUS"},
      {"LD-PRELOAD", "HTTP_LD_PRELOAD"},
      {"If-Modified-Since", "HTTP_IF_MODIFIED_SINCE"},
  };
  const auto none = cgi11_found({});
  for (const auto& [field, variable] : names) {
    auto expected = none;
    expected[variable] = "evil";
    EXPECT_EQ(expected, cgi11_found({{field, "evil"}})) << field;
  }
}

TEST(Fields, WithAnotherMeaningAreKeptBack) {
  const auto none = cgi11_found({});
  for (const char* field : {"Authorization",
                            "AUTHORIZATION",
                            "Proxy-Authorization",
                            "Proxy",
                            "pROXY",
                            "Content-Length",
                            "Connection",
                            "Transfer-Encoding",
                            "Keep-Alive",
                            "X_Foo",
                            "User_Agent",
                            "Content_Length",
                            "Content_Type",
                            "Request_Method",
                            "HTTP_COOKIE",
                            "Pro_xy",
                            "_",
                            "X.Foo",
                            "X!",
                            "X'Foo",
                            "X%2dFoo",
                            "X*",
                            "X+Y",
                            "X|Y",
                            "X~",
                            "X`id`",
                            "X$Y",
                            "X#Y",
                            "X&Y",
                            "X^Y"}) {
    EXPECT_EQ(none, cgi11_found({{field, "evil"}})) << field;
  }
}

TEST(Fields, ThatAreRepeatedAreJoined) {
  EXPECT_EQ("a, b, c", cgi11_found({{"X-A", "a"}, {"x-a", "b"}, {"X-a", "c"}}).at("HTTP_X_A"));
  EXPECT_EQ("good", cgi11_found({{"X_Auth_User", "evil"}, {"X-Auth-User", "good"}}).at("HTTP_X_AUTH_USER"));
  EXPECT_EQ("a=1; b=2", cgi11_found({{"Cookie", "a=1"}, {"Cookie", ""}, {"COOKIE", "b=2"}}).at("HTTP_COOKIE"));
  EXPECT_EQ("b", cgi11_found({{"X", ""}, {"X", "b"}, {"X", ""}}).at("HTTP_X"));
  EXPECT_EQ("", cgi11_found({{"X", ""}}).at("HTTP_X"));
  EXPECT_EQ("a/b", cgi11_found({{"Content-Type", "a/b"}, {"content-type", "c/d"}}).at("CONTENT_TYPE"));
  EXPECT_EQ("", cgi11_found({{"Content-Type", ""}}).at("CONTENT_TYPE"));
  EXPECT_EQ("\xe9\xff\t() { :;};", cgi11_found({{"X", "\xe9\xff\t() { :;};"}}).at("HTTP_X"));
}

TEST(Cgi11Variables, NeverComeFromTheServersEnvironment) {
  auto expected = cgi11_found({});
  expected["LANG"] = "C";
  Environment stale = {{"LANG", "C"}, {"LANG", "again"}};
  for (const char* name :
       {"REMOTE_IDENT", "REMOTE_HOST", "CONTENT_LENGTH", "CONTENT_TYPE", "PATH_INFO", "PATH_TRANSLATED", "QUERY_STRING",
        "HTTP_COOKIE", "HTTP_X_STALE", "HTTP_AUTHORIZATION", "REDIRECT_STATUS", "DOCUMENT_ROOT"}) {
    EXPECT_TRUE(is_request_variable(name)) << name;
    EXPECT_FALSE(operator_may_set(name)) << name;
    stale.emplace_back(name, "stale");
  }
  EXPECT_EQ(expected, cgi11_found({}, stale));
  for (const char* name : {"PATH", "LANG", "HTTP", "http_proxy", "TZ"}) EXPECT_FALSE(is_request_variable(name)) << name;
}

TEST(MetaVariables, HoldTheVariablesThatTheOperatorSets) {
  const Environment stated = {{"AUTH_TYPE", "Basic"}, {"HTTPS", "on"}, {"REMOTE_USER", "admin"}};
  for (const auto& [name, value] : stated) {
    EXPECT_TRUE(is_request_variable(name)) << name;
    EXPECT_TRUE(operator_may_set(name)) << name;
    EXPECT_EQ(value, cgihttpserver_found({}, stated).at(name));
    EXPECT_EQ(value, cgi11_found({}, stated).at(name));
  }
}

TEST(Credentials, AreTheValueOfTheOneAuthorizationField) {
  EXPECT_EQ("Basic am9l", credentials(request_with({{"Host", "h"}, {"AUTHORIZATION", "Basic am9l"}})));
  EXPECT_EQ("", credentials(request_with({{"Authorization", ""}})));
  EXPECT_EQ(std::nullopt, credentials(request_with({{"Proxy-Authorization", "Basic am9l"}})));
  EXPECT_EQ(std::nullopt, credentials(request_with({{"Authorization", "Basic a"}, {"authorization", "Basic b"}})));
}

TEST(Cgi11Arguments, AreTheWordsOfTheQuery) {
  const std::map<std::string, std::vector<std::string>> words = {
      {"a+b%20c", {"a", "b c"}},
      {"a", {"a"}},
      {"a%3Db", {"a=b"}},
      {"a%2Bb", {"a+b"}},
      {"%2541", {"%41"}},
      {"a++b", {"a", "", "b"}},
      {"+", {"", ""}},
      {"a-b", {"a-b"}},
      {"%zz%", {"%zz%"}},
      {"*+%0aid+$(id);'\"", {"*", "\nid", "$(id);'\""}},
      {"a?b", {"a?b"}},
      {"%AD-s", {"\xad-s"}},
      {"", {}},
      {"a=b", {}},
      {"a+b=", {}},
      {"=", {}},
      {"-s", {}},
      {"--help", {}},
      {"-", {}},
      {"%2ds", {}},
      {"%2Ds", {}},
      {"a+-s", {}},
      {"a+%2d%2dhelp+b", {}},
      {"-d+allow_url_include%3d1", {}},
      {"a+b%00c", {}},
  };
  for (const auto& [query, expected] : words) {
    EXPECT_EQ(expected, cgi11_arguments("GET", query)) << query;
    EXPECT_EQ(expected, cgi11_arguments("HEAD", query)) << query;
    for (const char* method : {"POST", "PUT", "get", ""}) {
      EXPECT_EQ(std::vector<std::string>(), cgi11_arguments(method, query)) << method;
    }
  }
}

TEST(Strings, AreNameEqualsValue) {
  EXPECT_EQ((std::vector<std::string>{"A=1", "B=", "C=x=y"}), as_strings({{"A", "1"}, {"B", ""}, {"C", "x=y"}}));
}

}  // namespace
}  // namespace cgi
