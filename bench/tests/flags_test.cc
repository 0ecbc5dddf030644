#include "flags.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <optional>
#include <string>

namespace cgi::bench {
namespace {

TEST(Flags, OfGoogleBenchmarkAreKnownWithAndWithoutAValue) {
  for (const char* word : {"--benchmark_list_tests", "--benchmark_filter=x", "--v=1"})
    EXPECT_TRUE(is_flag(word)) << word;
  for (const char* word : {"--benchmark_filtr=x", "--version", "--timeout=1", "x"}) EXPECT_FALSE(is_flag(word)) << word;
}

TEST(Flags, WithARightValueAreAccepted) {
  for (const char* word :
       {"--benchmark_color=auto", "--benchmark_context=a=b,c=d", "--benchmark_filter=-cgi-(hello|echo)/8",
        "--benchmark_format=csv", "--benchmark_list_tests", "--benchmark_list_tests=false", "--benchmark_min_time=0.5s",
        "--benchmark_min_time=1e-2", "--benchmark_min_warmup_time=0", "--benchmark_out=/dev/null",
        "--benchmark_repetitions=100000", "--benchmark_time_unit=us", "--v=0"}) {
    EXPECT_EQ("", wrong_flag(word)) << word;
  }
}

TEST(Flags, WithAWrongValueAreNamedWithTheNextStep) {
  const std::map<std::string, std::string> told = {
      {"--benchmark_repetitions=-1",
       R"(--benchmark_repetitions "-1" is not between 1 and 100000 (try: --benchmark_repetitions=5))"},
      {"--benchmark_format=xml",
       R"(--benchmark_format "xml" is not console, json or csv (try: --benchmark_format=json))"},
      {"--benchmark_out=/nope/x",
       R"(--benchmark_out "/nope/x" cannot be written: No such file or directory (try: --benchmark_out=bench.json))"},
      {"--benchmark_filter=a\n(",
       R"(--benchmark_filter "a\x0a(" is not a regular expression (try: --benchmark_filter=cgi-hello/8/))"},
      {"--benchmark_filter", R"(option "--benchmark_filter" needs a value (try: --benchmark_filter=cgi-hello/8/))"},
  };
  for (const auto& [word, message] : told) EXPECT_EQ(message, wrong_flag(word));
  for (const char* word :
       {"--benchmark_color=red", "--benchmark_context=x", "--benchmark_context==x", "--benchmark_context=a=b,c",
        "--benchmark_context=a=b=c", "--benchmark_context=a=b,a=c", "--benchmark_dry_run=maybe",
        "--benchmark_min_time=x", "--benchmark_min_time=nan", "--benchmark_min_time=0",
        "--benchmark_min_warmup_time=-1", "--benchmark_min_warmup_time=1s", "--benchmark_out=", "--benchmark_out=/",
        "--benchmark_out_format=xml", "--benchmark_repetitions=x", "--benchmark_repetitions=100001",
        "--benchmark_time_unit=h", "--v=x"}) {
    EXPECT_NE("", wrong_flag(word)) << word;
  }
}

TEST(Flags, CheckAnOutputFileAndLeaveNone) {
  const std::string path = testing::TempDir() + "cgi-bench-flags-test.json";
  EXPECT_EQ("", wrong_flag("--benchmark_out=" + path));
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(Flags, SwitchOn) {
  const std::string name = "--benchmark_list_tests";
  for (const char* word : {"", "=true", "=1"}) EXPECT_TRUE(switches_on(name + word, name)) << word;
  for (const char* word : {"=false", "=0", "_x", "="}) EXPECT_FALSE(switches_on(name + word, name)) << word;
}

TEST(Flags, ReadSecondsThatAreAboveZeroAndFinite) {
  EXPECT_EQ(0.5, to_seconds("0.5"));
  EXPECT_EQ(2, to_seconds("2s"));
  for (const char* text : {"", "s", "0", "-1", "x", "1x", " 1", "nan", "inf", "1e400", "31536001"}) {
    EXPECT_EQ(std::nullopt, to_seconds(text)) << text;
  }
}

}  // namespace
}  // namespace cgi::bench
