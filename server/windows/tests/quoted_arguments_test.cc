#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "script_program.h"

namespace cgi {
namespace {

using namespace std::string_literals;

// The lines are those of subprocess.list2cmdline() of CPython 3.11.
TEST(QuotedArguments, AreThoseOfCPython) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> lines = {
      {{}, ""},
      {{"a"}, "a"},
      {{""}, "\"\""},
      {{"a b"}, "\"a b\""},
      {{"a\tb"}, "\"a\tb\""},
      {{"a\"b"}, "a\\\"b"},
      {{"\""}, "\\\""},
      {{"\\"}, "\\"},
      {{"\\\\"}, "\\\\"},
      {{"a\\b"}, "a\\b"},
      {{"a\\\"b"}, "a\\\\\\\"b"},
      {{"a\\\\\"b"}, "a\\\\\\\\\\\"b"},
      {{"a b\\"}, "\"a b\\\\\""},
      {{"a b\\\\"}, "\"a b\\\\\\\\\""},
      {{"a\\ b"}, "\"a\\ b\""},
      {{"\\\""}, "\\\\\\\""},
      {{"a", "", "b c"}, "a \"\" \"b c\""},
      {{"C:\\x y\\z.exe", "-u", "a=b&c|d^e%PATH%"}, "\"C:\\x y\\z.exe\" -u a=b&c|d^e%PATH%"},
      {{"ab\"", "c d\"\\"}, "ab\\\" \"c d\\\"\\\\\""},
  };
  for (const auto& [arguments, line] : lines) EXPECT_EQ(line, quoted_arguments(arguments).value_or("nothing"));
}

TEST(QuotedArguments, HoldNoNul) {
  EXPECT_FALSE(quoted_arguments({"a", "b\0c"s}));
  EXPECT_FALSE(quoted_arguments({"\0"s, "a"}));
}

}  // namespace
}  // namespace cgi
