#include "access_log.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <optional>
#include <string>
#include <utility>

namespace cgi {
namespace {

using namespace std::string_literals;

constexpr std::time_t kWhen = 1795385152;  // 2026-11-22T22:05:52Z

// Sets the time zone by "TZ=…".
void set_zone(std::string setting) {
  static std::string kept;
  kept = std::move(setting);
  ::putenv(kept.data());
  ::tzset();
}

std::string logged(LogFormat format, void (*what)(const AccessLog&)) {
  testing::internal::CaptureStderr();
  what(AccessLog(format));
  return testing::internal::GetCapturedStderr();
}

// Returns `line` with its time replaced, which is that of the test.
std::string without_time(std::string line) {
  if (const std::size_t begin = line.find('['); begin != line.npos && line[0] != '{') {
    return line.replace(begin + 1, 20, "NOW");
  }
  return line.replace(line.find(':') + 2, 20, "NOW");
}

TEST(CommonLine, HasCPythonsFormAndLocalTime) {
  set_zone("TZ=UTC0");
  EXPECT_EQ("127.0.0.1 - - [22/Nov/2026 22:05:52] \"GET / HTTP/1.0\" 200 -\n",
            common_line("127.0.0.1", kWhen, "\"GET / HTTP/1.0\" 200 -"));
  set_zone("TZ=EST-3");
  EXPECT_EQ("::1 - - [23/Nov/2026 01:05:52] x\n", common_line("::1", kWhen, "x"));
}

TEST(CommonLine, NamesTheMonthsInEnglish) {
  set_zone("TZ=UTC0");
  std::string months;
  for (int month = 0; month < 12; ++month) {
    const std::time_t middle = 1768435200 + month * 2629746;  // from 2026-01-15 on, a mean month apart
    months += common_line("c", middle, "").substr(10, 3);
  }
  EXPECT_EQ("JanFebMarAprMayJunJulAugSepOctNovDec", months);
}

TEST(JsonLine, IsOneObjectInUniversalTime) {
  set_zone("TZ=EST-3");
  EXPECT_EQ("{\"time\":\"2026-11-22T22:05:52Z\",\"client\":\"::1\",\"message\":\"say \\\"\\\\x1b\\\"\"}\n",
            json_line("::1", kWhen, "say \"\\x1b\""));
  EXPECT_EQ("{\"time\":\"1970-01-01T00:00:00Z\",\"client\":\"-\",\"message\":\"\\u000a\\u00e9\"}\n",
            json_line("-", 0, "\n\xe9"));
}

TEST(AccessLog, ShowsTheRequestAndItsStatus) {
  const auto request = [](const AccessLog& log) { log.request("127.0.0.1", "GET /\x1b HTTP/1.0", 404); };
  EXPECT_EQ("127.0.0.1 - - [NOW] \"GET /\\x1b HTTP/1.0\" 404 -\n", without_time(logged(LogFormat::kCommon, request)));
  EXPECT_EQ("{\"time\":\"NOW\",\"client\":\"127.0.0.1\",\"request\":\"GET /\\\\x1b HTTP/1.0\",\"status\":404}\n",
            without_time(logged(LogFormat::kJson, request)));
}

TEST(AccessLog, ShowsThatARequestGotNoStatus) {
  const auto request = [](const AccessLog& log) { log.request("c", "GET / HTTP/1.0", std::nullopt); };
  EXPECT_EQ("c - - [NOW] \"GET / HTTP/1.0\" - -\n", without_time(logged(LogFormat::kCommon, request)));
  EXPECT_EQ("{\"time\":\"NOW\",\"client\":\"c\",\"request\":\"GET / HTTP/1.0\",\"status\":null}\n",
            without_time(logged(LogFormat::kJson, request)));
}

TEST(AccessLog, ShowsWhyARequestWasRefused) {
  const auto refusal = [](const AccessLog& log) { log.refusal("127.0.0.1", 404, "No such CGI script ('\\n')"); };
  EXPECT_EQ("127.0.0.1 - - [NOW] code 404, message No such CGI script ('\\\\n')\n",
            without_time(logged(LogFormat::kCommon, refusal)));
  EXPECT_EQ(
      "{\"time\":\"NOW\",\"client\":\"127.0.0.1\",\"refused\":404,\"message\":\"No such CGI script ('\\\\\\\\n')\"}\n",
      without_time(logged(LogFormat::kJson, refusal)));
}

TEST(AccessLog, ShowsOtherMessages) {
  const auto note = [](const AccessLog& log) { log.note("-", "CGI script exit code 3\n"); };
  EXPECT_EQ("- - - [NOW] CGI script exit code 3\\x0a\n", without_time(logged(LogFormat::kCommon, note)));
}

TEST(AccessLog, KeepsTheStatusAfterALongRequestLine) {
  const auto request = [](const AccessLog& log) { log.request("c", "GET /" + std::string(65000, 'a'), 414); };
  const std::string line = logged(LogFormat::kCommon, request);
  EXPECT_NE(std::string::npos, line.find("...[+60909]\" 414 -\n"));
}

TEST(AccessLog, WritesNothingWithFormatNone) {
  const auto everything = [](const AccessLog& log) {
    log.request("c", "GET /", 200);
    log.refusal("c", 400, "x");
    log.note("c", "x");
  };
  EXPECT_EQ("", logged(LogFormat::kNone, everything));
}

}  // namespace
}  // namespace cgi
