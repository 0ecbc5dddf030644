#include "options.h"

#include <gtest/gtest.h>

#include <map>

namespace cgi::bench {
namespace {

CommandLine parse(std::vector<const char*> words) {
  words.insert(words.begin(), "cgi-bench");
  return parse_command_line(static_cast<int>(words.size()), words.data(), {});
}

TEST(Options, NameUrlsOrKnownServers) {
  const auto line = parse({"a=http://h:1/x", "--servers", "lighttpd,ref=cgi-server:rfc3875", "b=http://h:2"});
  ASSERT_TRUE(line.options) << line.text;
  ASSERT_EQ(2u, line.options->running.size());
  EXPECT_EQ("http://h:1/x", line.options->running[0].url);
  ASSERT_EQ(2u, line.options->known.size());
  EXPECT_EQ("lighttpd", line.options->known[0].name);
  EXPECT_EQ("ref", line.options->known[1].name);
}

TEST(Options, SplitAKnownServer) {
  const auto all = parse_known_server("py=cpython-3.11:cgihttpserver+http11");
  EXPECT_EQ("py", all.name);
  EXPECT_EQ("cpython-3.11", all.server);
  EXPECT_EQ("cgihttpserver", all.profile);
  EXPECT_EQ("http11", all.variant);
  EXPECT_EQ("stalling", parse_known_server("bench/servers/stalling/").name);
  EXPECT_EQ("bench/servers/stalling/", parse_known_server("bench/servers/stalling/").server);
}

TEST(Options, HoldTheFlagsOfGoogleBenchmark) {
  const auto line = parse({"--benchmark_list_tests", "--benchmark_min_time=0.1s", "--benchmark_format=json", "--v=1"});
  ASSERT_TRUE(line.options) << line.text;
  EXPECT_TRUE(line.options->lists);
  EXPECT_TRUE(line.options->has_format);
  EXPECT_EQ(0.1, line.options->run_seconds);
  EXPECT_EQ((std::vector<std::string>{"--benchmark_list_tests", "--benchmark_format=json", "--v=1"}),
            line.options->flags);
}

TEST(Options, AnswerQuestions) {
  for (const char* word : {"-h", "--help", "--version"}) {
    const auto line = parse({word});
    EXPECT_FALSE(line.options);
    EXPECT_EQ(0, line.exit_status);
    EXPECT_EQ(std::string(word) != "--version", line.wants_help);
  }
  EXPECT_EQ("cgi-bench " CGI_VERSION "\n", parse({"--version"}).text);
}

TEST(Options, AnswerMistakesWithTheNextStep) {
  const std::map<std::string, std::vector<const char*>> told = {
      {"cgi-bench: \"http://h\" is not NAME=URL (known servers: --servers)\n", {"http://h"}},
      {"cgi-bench: two targets have the name \"a\" (choose another: NAME=…)\n", {"--servers", "a,a"}},
      {"cgi-bench: two targets have the name \"ceiling\" (choose another: NAME=…)\n", {"ceiling=http://h"}},
      {"cgi-bench: \"a/b\" is not a valid target name (letters, digits, '.', '_' and '-')\n", {"a/b=http://h"}},
      {"cgi-bench: --timeout \"0\" is not a number of seconds above 0 and up to 31536000 (try: --timeout 10)\n",
       {"--timeout", "0"}},
      {"cgi-bench: --timeout \"1e400\" is not a number of seconds above 0 and up to 31536000 (try: --timeout 10)\n",
       {"--timeout", "1e400"}},
      {"cgi-bench: option \"--timeout\" needs a value (see --help)\n", {"--timeout"}},
      {"cgi-bench: option \"--lay-out\" needs a value (see --help)\n", {"--lay-out", ""}},
      {"cgi-bench: \"=http://h\" is not NAME=URL (known servers: --servers)\n", {"=http://h"}},
      {"cgi-bench: \"a\\x0ab\" is not a valid target name (letters, digits, '.', '_' and '-')\n", {"a\nb=http://h"}},
      {"cgi-bench: --servers \"a=:rfc3875\" names no server (try: --servers cgi-server)\n",
       {"--servers", "a=:rfc3875"}},
      {"cgi-bench: --benchmark_time_unit \"h\" is not ns, us, ms or s (try: --benchmark_time_unit=ms)\n",
       {"--benchmark_time_unit=h"}},
      {"cgi-bench: unknown option \"--server\" (did you mean \"--servers\"?)\n", {"--server", "lighttpd"}},
      {"cgi-bench: unknown option \"--scenaros\" (did you mean \"--scenarios\"?)\n", {"--scenaros=x"}},
      {"cgi-bench: unknown option \"--benchmark_filtr\" (did you mean \"--benchmark_filter\"?)\n",
       {"--benchmark_filtr=x"}},
      {"cgi-bench: unknown option \"--bogus\" (see --help)\n", {"--bogus"}},
  };
  for (const auto& [text, words] : told) {
    const auto line = parse(words);
    EXPECT_FALSE(line.options);
    EXPECT_EQ(2, line.exit_status);
    EXPECT_EQ(text, line.text);
  }
}

}  // namespace
}  // namespace cgi::bench
