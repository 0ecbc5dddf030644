#include "scenario.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>

namespace cgi::bench {
namespace {

constexpr char kHello[] = "[[scenario]]\nname = \"hello\"\ntitle = \"says hello\"\npath = \"/cgi-bin/hello?x\"\n";

std::string refusal(const std::string& text) {
  try {
    parse_scenarios(text, "x.toml");
  } catch (const ScenarioError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(Scenarios, OfTheProjectAreValid) {
  const auto all = read_scenarios(std::string(CGI_FIXTURES) + "/scenarios.toml");
  EXPECT_GE(all.scenarios.size(), 10u);
  EXPECT_GE(all.checks.size(), 5u);
  for (const auto& scenario : all.scenarios) {
    for (const auto* exchange : all.round(scenario)) EXPECT_FALSE(exchange->path.empty()) << scenario.name;
  }
}

TEST(Scenarios, HaveDefaults) {
  const auto all = parse_scenarios(kHello, "x.toml");
  const auto& hello = all.named("hello");
  EXPECT_EQ((std::vector<int>{1, 8, 64}), hello.clients);
  EXPECT_EQ((std::vector<int>{200}), hello.expected.statuses);
  EXPECT_FALSE(hello.expected.is_exact);
  EXPECT_EQ("cgi-bin/hello", hello.script());
  EXPECT_EQ("GET /cgi-bin/hello?x HTTP/1.1\r\nHost: h:1\r\n\r\n", hello.request("h:1", ""));
}

TEST(Scenarios, BecomeRequests) {
  const auto all = parse_scenarios(std::string(kHello) +
                                       "method = \"POST\"\nfields = 1\nclose = true\nstatus = [501, 405]\n"
                                       "send = { repeat = \"ab\", times = 2 }\nbody = \"yes\"\n",
                                   "x.toml");
  const auto& hello = all.named("hello");
  EXPECT_EQ(
      "POST /p/cgi-bin/hello?x HTTP/1.1\r\nHost: h\r\nX-Field-1: value 1\r\nConnection: close\r\n"
      "Content-Type: application/octet-stream\r\nContent-Length: 4\r\n\r\nabab",
      hello.request("h", "/p"));
  EXPECT_EQ((std::vector<int>{501, 405}), hello.expected.statuses);
  EXPECT_TRUE(hello.expected.content.has(0, "yes"));
}

TEST(Scenarios, HaveMessagesThatNameThePlace) {
  const std::map<std::string, std::string> told = {
      {std::string(kHello) + "stauts = 200\n", "x.toml: scenario \"hello\": unknown key \"stauts\""},
      {std::string(kHello) + "close = 1\n", "x.toml: scenario \"hello\": key \"close\" has the wrong type"},
      {std::string(kHello) + "clients = 0\n",
       "x.toml: scenario \"hello\": key \"clients\" is not a list of numbers above 0"},
      {std::string(kHello) + "\"a\\nb\" = 1\n", "x.toml: scenario \"hello\": unknown key \"a\\x0ab\""},
      {std::string(kHello) + "clients = [0]\n",
       "x.toml: scenario \"hello\": key \"clients\" is not a list of numbers above 0"},
      {std::string(kHello) + "body = { repeat = \"x\" }\n", "x.toml: scenario \"hello\": body: times must be above 0"},
      {std::string(kHello) + kHello, "x.toml: two scenarios have the name \"hello\""},
      {"[[scenario]]\nname = \"m\"\ntitle = \"t\"\nmix = { none = 1 }\n",
       "x.toml: scenario \"m\": mix names an unknown scenario \"none\""},
      {"[[scenario]]\nname = \"m\"\ntitle = \"t\"\nmix = { }\n",
       "x.toml: scenario \"m\": mix has no name with a weight above 0"},
      {"[[scenario]]\nname = \"m\"\ntitle = \"t\"\npath = \"x\"\n",
       "x.toml: scenario \"m\": path \"x\" does not begin with '/'"},
      {"[[scenario]]\nname = \"m\"\n", "x.toml: scenario \"m\": no title"},
      {"[[check]]\nname = \"c\"\nrate = 1\n", "x.toml: check \"c\": unknown key \"rate\""},
      {std::string(kHello) + "idle = -1\n", "x.toml: scenario \"hello\": key \"idle\" is below 0"},
      {std::string(kHello) + "beside = 5\n", "x.toml: scenario \"hello\": key \"beside\" is not a table"},
      {std::string(kHello) + "beside = { path = \"/\" }\n",
       "x.toml: scenario \"hello\": beside: requests must be above 0"},
      {std::string(kHello) + "beside = { path = \"/\", rate = 1 }\n",
       "x.toml: scenario \"hello\": beside: unknown key \"rate\""},
      {std::string(kHello) + "[[scenario]]\nname = \"m\"\ntitle = \"t\"\nmix = { hello = 1 }\nidle = 1\n",
       "x.toml: scenario \"m\": idle connections need a path, and a mix has none"},
      {"", "x.toml: no [[scenario]]"},
      {"[[scenery]]\n", "x.toml: unknown key \"scenery\" ([[file]], [[check]], [[scenario]])"},
  };
  for (const auto& [text, message] : told) EXPECT_EQ(message, refusal(text)) << text;
  EXPECT_EQ(0u, refusal("[[scenario]]\nname = \n").rfind("x.toml:2: ", 0)) << refusal("[[scenario]]\nname = \n");
}

TEST(Scenarios, MustComeFromAFile) {
  try {
    read_scenarios(CGI_FIXTURES);
    FAIL() << "a folder was read";
  } catch (const ScenarioError& error) {
    EXPECT_EQ("\"" CGI_FIXTURES "\" cannot be read: Is a directory (--scenarios names another file)",
              std::string(error.what()));
  }
}

TEST(Scenarios, SpreadTheTurnsOfAMixEvenly) {
  auto got = spread({{"a", 4}, {"b", 2}, {"c", 1}});
  ASSERT_EQ(7u, got.size());
  EXPECT_EQ(4, std::count(got.begin(), got.end(), "a"));
  EXPECT_EQ(2, std::count(got.begin(), got.end(), "b"));
  for (std::size_t i = 1; i < got.size(); ++i) EXPECT_FALSE(got[i] == "b" && got[i - 1] == "b");
}

}  // namespace
}  // namespace cgi::bench
