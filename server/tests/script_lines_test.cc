#include "script_lines.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

namespace cgi {
namespace {

using Lines = std::vector<std::string>;
const Clock::time_point kBegin = Clock::time_point() + std::chrono::hours(1);

TEST(ErrorLines, AreCompleteWhateverPiecesTheyArriveIn) {
  ErrorLines lines;
  EXPECT_EQ(Lines({"one"}), lines.take("one\ntw", kBegin));
  EXPECT_EQ(Lines({"two", ""}), lines.take("o\r\n\nrest", kBegin));
  EXPECT_EQ(Lines({"rest"}), lines.finish());
  EXPECT_EQ(Lines(), lines.finish());
}

TEST(ErrorLines, AreCutIfTheyAreLong) {
  ErrorLines lines;
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(Lines(), lines.take(std::string(100, 'x'), kBegin));
  EXPECT_EQ(Lines({std::string(4096, 'x') + "..."}), lines.take("\n", kBegin));
  EXPECT_EQ(Lines({std::string(4096, 'x')}), lines.take(std::string(4096, 'x') + "\r\n", kBegin));
  EXPECT_EQ(Lines({std::string(4096, 'x') + "..."}), lines.take(std::string(4096, 'x') + "\rmore\n", kBegin));
}

TEST(ErrorLines, AreAHundredInASecond) {
  ErrorLines lines;
  std::string many;
  for (int i = 0; i < 150; ++i) many += "x\n";
  EXPECT_EQ(100U, lines.take(many, kBegin).size());
  EXPECT_EQ(0U, lines.take(many, kBegin + std::chrono::milliseconds(999)).size());
  EXPECT_EQ(100U, lines.take(many, kBegin + std::chrono::seconds(1)).size());
  EXPECT_EQ(Lines({"... and 250 more lines"}), lines.finish());
}

std::string numbered_lines(std::size_t count) {
  std::string text;
  for (std::size_t i = 1; i <= count; ++i) text += "line " + std::to_string(i) + "\n";
  return text;
}

TEST(RefusedLines, AreTheLinesThatAreNotEmpty) {
  const std::map<std::string, Lines> lines = {
      {"", {}},
      {"\n\r\n\r\r\n", {}},
      {"just text", {"just text"}},
      {"a\r\n\r\n b\n\nc\n", {"a", " b", "c"}},
      {std::string("\x7f"
                   "ELF\0\x1b[2J\r127.0.0.1\n",
                   20),
       {std::string("\x7f"
                    "ELF\0\x1b[2J\r127.0.0.1",
                    19)}},
  };
  for (const auto& [output, expected] : lines) EXPECT_EQ(expected, refused_lines(output)) << output;
}

TEST(RefusedLines, AreCompleteUpToTheLimit) {
  const Lines all = refused_lines(numbered_lines(kRefusedFirst + kRefusedLast));
  ASSERT_EQ(kRefusedFirst + kRefusedLast, all.size());
  EXPECT_EQ("line 1", all.front());
  EXPECT_EQ("line 13", all[kRefusedFirst]);
  EXPECT_EQ("line 32", all.back());
}

TEST(RefusedLines, AreTheFirstAndTheLastAboveTheLimit) {
  const Lines some = refused_lines(numbered_lines(1000));
  ASSERT_EQ(kRefusedFirst + 1 + kRefusedLast, some.size());
  EXPECT_EQ("line 12", some[kRefusedFirst - 1]);
  EXPECT_EQ("... (968 lines left out)", some[kRefusedFirst]);
  EXPECT_EQ("line 981", some[kRefusedFirst + 1]);
  EXPECT_EQ("line 1000", some.back());
}

TEST(RefusedLines, EndWithTheNumberOfOctetsLeftOut) {
  EXPECT_EQ(Lines{std::string(kRefusedLine, 'a')}, refused_lines(std::string(kRefusedLine, 'a')));
  EXPECT_EQ(Lines{std::string(kRefusedLine, 'a') + "...[+5]"}, refused_lines(std::string(kRefusedLine + 5, 'a')));
}

TEST(RefusedLines, DoNotShowCookies) {
  EXPECT_EQ((Lines{"Set-Cookie: (not shown)", "set-COOKIE : (not shown)", "Set-Cookies: b", "a Set-Cookie: c"}),
            refused_lines("Set-Cookie: id=secret\r\nset-COOKIE : id=secret\nSet-Cookies: b\na Set-Cookie: c\n"));
}

TEST(RefusedLines, HaveALimitInAll) {
  std::string output;
  while (output.size() < 4 * kRefusedKept) output += std::string(1000, 'x') + "\n";
  std::size_t octets = 0;
  for (const std::string& line : refused_lines(output)) octets += line.size();
  EXPECT_LE(octets, (kRefusedFirst + 1 + kRefusedLast) * (kRefusedLine + 30));
  EXPECT_EQ(Lines{std::string(kRefusedLine, 'x') + "...[+65336]"}, refused_lines(std::string(4 * kRefusedKept, 'x')));
}

}  // namespace
}  // namespace cgi
