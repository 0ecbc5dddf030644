#include "url_path.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "path_of_target.h"
#include "quote.h"

namespace cgi {
namespace {

constexpr char kRefused[] = "refused";

std::string path_of(const std::string& target) {
  const auto parsed = parse_target(target);
  return parsed ? path_of_target(*parsed) : kRefused;
}

// Returns the path in the form of CPython's tests: the directories, '/', and the part after the last '/'.
std::string head_and_tail(const std::string& target) {
  const auto parsed = parse_target(target);
  if (!parsed) return kRefused;
  auto segments = parsed->segments;
  std::string tail;
  if (!parsed->is_directory) {
    tail = segments.back();
    segments.pop_back();
  }
  std::string head = "/";
  for (const auto& segment : segments) head += (head == "/" ? "" : "/") + segment;
  return head + "/" + tail;
}

TEST(TargetPath, CollapsesAsCPythonsTestsExpect) {
  const std::vector<std::pair<std::string, std::string>> collapsed = {
      {"", "//"},
      {"..", kRefused},
      {"/.//..", kRefused},
      {"/", "//"},
      {"//", "//"},
      {"/\\", "//\\"},
      {"/.//", "//"},
      {"cgi-bin/file1.py", "/cgi-bin/file1.py"},
      {"/cgi-bin/file1.py", "/cgi-bin/file1.py"},
      {"a", "//a"},
      {"/a", "//a"},
      {"//a", "//a"},
      {"./a", "//a"},
      {"./C:/", "/C:/"},
      {"/a/b", "/a/b"},
      {"/a/b/", "/a/b/"},
      {"/a/b/.", "/a/b/"},
      {"/a/b/c/..", "/a/b/"},
      {"/a/b/c/../d", "/a/b/d"},
      {"/a/b/c/../d/e/../f", "/a/b/d/f"},
      {"/a/b/c/../d/e/../../f", "/a/b/f"},
      {"/a/b/c/../d/e/.././././..//f", "/a/b/f"},
      {"../a/b/c/../d/e/.././././..//f", kRefused},
      {"/a/b/c/../d/e/../../../f", "/a/f"},
      {"/a/b/c/../d/e/../../../../f", "//f"},
      {"/a/b/c/../d/e/../../../../../f", kRefused},
      {"/a/b/c/../d/e/../../../../f/..", "//"},
      {"/a/b/c/../d/e/../../../../f/../.", "//"},
  };
  for (const auto& [target, expected] : collapsed) EXPECT_EQ(expected, head_and_tail(target)) << target;
}

TEST(TargetPath, IsDecodedOnceAndThenCollapsed) {
  const std::map<std::string, std::string> leads_to = {
      {"/a/%2e%2e/c", "/c"},
      {"/a%2fb", "/a/b"},
      {"/a%2F", "/a/"},
      {"%2fcgi-bin%2Fx", "/cgi-bin/x"},
      {"/x/..%2fcgi-bin/env", "/cgi-bin/env"},
      {"/%63gi-bin/e%6Ev", "/cgi-bin/env"},
      {"/cgi-bin/%252e%252e/tool", "/cgi-bin/%2e%2e/tool"},
      {"/cgi-bin/%2565nv", "/cgi-bin/%65nv"},
      {"/a%3Fb", "/a?b"},
      {"/a%23b", "/a#b"},
      {"/a%5Cb\\c", "/a\\b\\c"},
      {"/%c0%af", "/\xc0\xaf"},
      {"/caf\xc3\xa9", "/caf\xc3\xa9"},
      {"/...", "/..."},
      {"/..a/.b", "/..a/.b"},
      {"/%zz%", "/%zz%"},
      {"/;/..;/a;b", "/;/..;/a;b"},
      {"http://h/a", "/http:/h/a"},
      {"*", "/*"},
  };
  for (const auto& [target, path] : leads_to) EXPECT_EQ(path, path_of(target)) << target;
}

TEST(TargetPath, IsRefusedIfItClimbsAboveTheRootOrHoldsNul) {
  for (const std::string target : {"/..", "/../", "/../x", "/%2e%2e/x", "/..%2f..%2fx", "/a/../../b", "/a/%2e./..",
                                   "/%00", "/a%00.txt", "/a%00/../b", "/cgi-bin/x/%00?q"}) {
    EXPECT_EQ(kRefused, path_of(target)) << target;
  }
  EXPECT_EQ("/a", path_of("/a?/../../..%00"));
  EXPECT_EQ("/a", path_of("/a#/../../..%00"));
}

TEST(TargetPath, IsADirectoryIfNothingFollowsTheLastSlash) {
  for (const std::string target : {"", "/", "/a/", "/a//", "/a/.", "/a/..", "/a/%2e", "/a%2f", "?q", "/a/?b"}) {
    EXPECT_TRUE(parse_target(target)->is_directory) << target;
  }
  for (const std::string target : {"/a", "a", "/a/../b", "/a?b/", "/a#/"}) {
    EXPECT_FALSE(parse_target(target)->is_directory) << target;
  }
}

TEST(Target, IsSplitAtTheFirstQuestionMarkAndAtAHashBeforeIt) {
  struct Parts {
    std::string raw_path, query, fragment;
  };
  const std::map<std::string, Parts> parts = {
      {"/a", {"/a", "", ""}},
      {"/a?", {"/a", "", ""}},
      {"/a?b?c#d", {"/a", "b?c#d", ""}},
      {"/a#f", {"/a", "", "f"}},
      {"/a#f?q", {"/a", "q", "f?q"}},
      {"/a#f?q#g", {"/a", "q#g", "f?q#g"}},
      {"/a#", {"/a", "", ""}},
      {"/cgi-bin/mark#/../../x", {"/cgi-bin/mark", "", "/../../x"}},
      {"/a%2fb?%20", {"/a%2fb", "%20", ""}},
      {"//a//b", {"/a//b", "", ""}},
      {"////", {"/", "", ""}},
      {"/%2f/a", {"/%2f/a", "", ""}},
      {"?q", {"", "q", ""}},
  };
  for (const auto& [target, expected] : parts) {
    const auto parsed = parse_target(target);
    ASSERT_TRUE(parsed) << target;
    EXPECT_EQ(expected.raw_path, parsed->raw_path) << target;
    EXPECT_EQ(expected.query, parsed->query) << target;
    EXPECT_EQ(expected.fragment, parsed->fragment) << target;
  }
}

TEST(TargetPath, OfRandomOctetsHoldsOnlyPlainSegments) {
  std::mt19937 random(2396);
  const std::vector<std::string> pieces = {"/", "..", ".",  "a",   "%2e", "%2f", "%",
                                           "?", "#",  "\\", "%00", "%25", "\xff"};
  for (int round = 0; round < 20000; ++round) {
    std::string target;
    for (auto count = random() % 9; count > 0; --count) target += pieces[random() % pieces.size()];
    const auto parsed = parse_target(target);
    if (!parsed) continue;
    for (const auto& segment : parsed->segments) {
      EXPECT_TRUE(!segment.empty() && segment != "." && segment != "..") << target;
      EXPECT_EQ(std::string::npos, segment.find_first_of(std::string("/\0", 2))) << target;
    }
    EXPECT_EQ(path_of_target(*parsed), path_of(url_quote(path_of_target(*parsed)))) << target;
    const std::string location = slash_redirect(*parsed);
    EXPECT_NE("//", location.substr(0, 2)) << target;
    EXPECT_EQ(std::string::npos, location.find_first_of(" \t\r\n\xff")) << target;
    const bool has_query = location.substr(0, location.find('#')).find('?') != std::string::npos;
    EXPECT_TRUE(!parsed->query.empty() || !has_query) << target;
  }
}

TEST(TargetPath, WithManySegmentsIsParsedInOnePass) {
  std::string target;
  for (int i = 0; i < 16000; ++i) target += "/a/..";
  EXPECT_EQ("/", path_of(target));
  EXPECT_EQ("/", path_of(std::string(65000, '/')));
}

TEST(FileName, ReplacesASurrogateByItsOctet) {
  const std::map<std::string, std::string> names = {
      {"plain", "plain"},
      {"caf\xc3\xa9", "caf\xc3\xa9"},
      {"\xe7", "\xe7"},
      {"\xed\xb3\xa7", "\xe7"},
      {"a\xed\xb3\xa7z\xed\xb3\xa7", "a\xe7z\xe7"},
      {"\xed\xb2\x80\xed\xb2\xbf\xed\xb3\x80\xed\xb3\xbf", "\x80\xbf\xc0\xff"},
      // Once only: the octet of a surrogate is never part of another one.
      {"\xed\xb3\xad\xb3\xa7", "\xed\xb3\xa7"},
      {"\xed\xb3\xad\xed\xb2\xb3\xed\xb2\xa7", "\xed\xb3\xa7"},
      {"\xed\xed\xb3\xa7", "\xed\xe7"},
      // Surrogates that stand for no octet above 7F, and pieces of surrogates, stay as they are.
      {"\xed\xb0\x80", "\xed\xb0\x80"},
      {"\xed\xb0\xae\xed\xb0\xaf", "\xed\xb0\xae\xed\xb0\xaf"},
      {"\xed\xb1\xbf\xed\xb4\x80", "\xed\xb1\xbf\xed\xb4\x80"},
      {"\xed\xa0\xbd", "\xed\xa0\xbd"},
      {"\xed\xb3", "\xed\xb3"},
      {"\xed\xb3/", "\xed\xb3/"},
      {"\xed\xb3\xc7", "\xed\xb3\xc7"},
      {"\xed", "\xed"},
      {"", ""},
  };
  for (const auto& [segment, name] : names) EXPECT_EQ(name, file_name(segment)) << url_quote(segment);
}

TEST(FileName, InvertsSegmentFor) {
  EXPECT_EQ("bad\xff.txt", segment_for("bad\xff.txt"));
  EXPECT_EQ("\xed\xb3\xad\xed\xb2\xb3\xed\xb2\xa7", segment_for("\xed\xb3\xa7"));
  std::mt19937 random(2396);
  const std::string octets = "\xed\xb2\xb3\x80\xa7\xad\xe7.a";
  for (int round = 0; round < 20000; ++round) {
    std::string name;
    for (auto count = random() % 9; count > 0; --count) name += octets[random() % octets.size()];
    EXPECT_EQ(name, file_name(segment_for(name))) << url_quote(name);
  }
}

TEST(FileName, HoldsASeparatorOnlyIfTheSegmentDoes) {
  for (int octet = 0; octet < 256; ++octet) {
    for (const char second : {'\xb0', '\xb1', '\xb2', '\xb3'}) {
      const std::string segment = {'\xed', second, static_cast<char>(octet)};
      for (const char separator : {'/', '.', '\0'}) {
        EXPECT_EQ(segment.find(separator), file_name(segment).find(separator)) << url_quote(segment);
      }
    }
  }
}

TEST(CgiDirectory, MatchesWholeLeadingSegmentsBeforeMore) {
  const std::vector<std::string> directories = {"/cgi-bin", "/htbin", "/app/deep/scripts"};
  const std::map<std::string, int> leading = {
      {"/cgi-bin/env", 1},        {"/cgi-bin/", 1},
      {"/cgi-bin/.", 1},          {"/cgi-bin//env", 1},
      {"/cgi-bin/env/..", 1},     {"/htbin/env", 1},
      {"cgi-bin/env", 1},         {"//cgi-bin/env", 1},
      {"/cgi%2dbin%2fenv", 1},    {"/x/../cgi-bin/env", 1},
      {"/app/deep/scripts/x", 3}, {"/app/deep/scripts/", 3},
      {"/cgi-bin/hello#x", 1},    {"/cgi-bin", 0},
      {"/cgi-bin?x/y", 0},        {"/cgi-bin#/x", 0},
      {"/cgi-binx/env", 0},       {"/CGI-BIN/env", 0},
      {"/sub/cgi-bin/env", 0},    {"/cgi-bin\\env", 0},
      {"/cgi-bin;x/env", 0},      {"/cgi-bin/../a", 0},
      {"/cgi-bin/..", 0},         {"/app/deep/x", 0},
      {"/app/deep/scripts", 0},   {"/", 0},
      {"/cgi-bin%20/env", 0},     {"/%252fcgi-bin/env", 0},
  };
  for (const auto& [target, count] : leading) {
    const auto found = cgi_directory_of(*parse_target(target), directories);
    EXPECT_EQ(count, found ? static_cast<int>(*found) : 0) << target;
  }
  EXPECT_EQ(std::nullopt, cgi_directory_of(*parse_target("/a/b"), {}));
}

TEST(CgiDirectory, IsTheRootIfItIsListedAndNoOtherMatches) {
  const std::map<std::string, std::size_t> leading = {
      {"/a/b/c", 2}, {"/a/b/", 2}, {"/a/b", 0}, {"/a", 0}, {"/", 0}, {"", 0}, {"/b/x", 0},
  };
  for (const auto& [target, count] : leading) {
    EXPECT_EQ(count, cgi_directory_of(*parse_target(target), {"/", "/a/b"})) << target;
    EXPECT_EQ(count, cgi_directory_of(*parse_target(target), {"/a/b", "/"})) << target;
  }
}

TEST(CgiDirectory, MatchesSurrogatesToo) {
  for (const char* target : {"/caf%E9/x", "/caf%ED%B3%A9/x", "/caf\xed\xb3\xa9/x"}) {
    EXPECT_EQ(1u, cgi_directory_of(*parse_target(target), {"/caf\xe9"})) << target;
  }
  EXPECT_EQ(std::nullopt, cgi_directory_of(*parse_target("/caf%25ED%25B3%25A9/x"), {"/caf\xe9"}));
  EXPECT_EQ(std::nullopt, cgi_directory_of(*parse_target("/cgi-bin%ED%B0%AFx"), {"/cgi-bin"}));
}

TEST(CgiDirectory, IsTheShortestThatMatches) {
  EXPECT_EQ(1u, cgi_directory_of(*parse_target("/a/b/c"), {"/a/b", "/a"}));
  EXPECT_EQ(2u, cgi_directory_of(*parse_target("/a/b/c"), {"/a/b", "/b"}));
}

TEST(SlashRedirect, AddsTheSlashAndKeepsTheRest) {
  const std::map<std::string, std::string> locations = {
      {"/dir", "/dir/"},
      {"/dir?a=b", "/dir/?a=b"},
      {"/dir?", "/dir/"},
      {"/dir#f", "/dir/#f"},
      {"/dir#", "/dir/"},
      {"/dir?#f", "/dir/#f"},
      {"/dir?a#f", "/dir/?a#f"},
      {"/dir?a#f?b#g", "/dir/?a#f?b#g"},
      {"/dir#f?q#g", "/dir/#f?q#g"},
      {"/dir#?q", "/dir/#?q"},
      {"?a=b", "/?a=b"},
      {"?", "/"},
      {"#x", "/#x"},
      {"/dir?a?b/..", "/dir/?a?b/.."},
      {"/sp%20ace", "/sp%20ace/"},
      {"/dir%2f", "/dir%2f/"},
      {"/cgi-bin/..", "/cgi-bin/../"},
      {"cgi-bin", "cgi-bin/"},
      {"/x%0d%0aY:z/../dir", "/x%0d%0aY:z/../dir/"},
      {"/c:d", "/c:d/"},
  };
  for (const auto& [target, location] : locations) EXPECT_EQ(location, slash_redirect(*parse_target(target))) << target;
}

TEST(SlashRedirect, NeverNamesAnotherHost) {
  const std::map<std::string, std::string> locations = {
      {"//evil.example/..", "/evil.example/../"},
      {"///evil.example/%2e%2e", "/evil.example/%2e%2e/"},
      {"/\\evil.example/..", "/%5Cevil.example/../"},
      {"///\\evil.example/..", "/%5Cevil.example/../"},
      {"\\\\evil.example", "%5C%5Cevil.example/"},
      {"http://evil.example/..", "/http://evil.example/../"},
      {"javascript:alert(1)", "/javascript:alert(1)/"},
      {"/\x01/evil", "/%01/evil/"},
      {"/a\x7f\xc3\xa9", "/a%7F%C3%A9/"},
      {"/a?b\x1b\xff\\", "/a/?b%1B%FF\\"},
      {"/a#\x1f", "/a/#%1F"},
  };
  for (const auto& [target, location] : locations) EXPECT_EQ(location, slash_redirect(*parse_target(target))) << target;
}

}  // namespace
}  // namespace cgi
