#include "error_lines.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace cgi
