#include "http_date.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <vector>

#include "ascii.h"

namespace cgi {
namespace {

constexpr std::array<std::string_view, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};

// Splits a date at spaces, commas and the hyphens of RFC 850 ("03-Jan-20", but not "-0000").
std::vector<std::string_view> words_of(std::string_view text) {  // rule: resource/junk-values-cost-linear-time
  std::vector<std::string_view> words;
  std::size_t start = 0;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    const bool hyphen = i < text.size() && text[i] == '-' && i > start;
    if (i < text.size() && text[i] != ' ' && text[i] != ',' && !hyphen) continue;
    if (i > start) words.push_back(text.substr(start, i - start));
    start = i + 1;
  }
  return words;
}

// Returns the number of one to four digits, or -1.
int number(std::string_view text) { return text.size() <= 4 ? to_number<int>(text).value_or(-1) : -1; }

// Returns 1 for "Jan"; 0 for a text that is no month.
unsigned month_of(std::string_view text) {
  const auto* at = std::find(kMonths.begin(), kMonths.end(), text);
  return at != kMonths.end() ? static_cast<unsigned>(at - kMonths.begin()) + 1 : 0;
}

// Reads "08:49:37" as seconds. RFC 9110 allows a leap second, but CPython does not, and no file has such a time.
std::optional<int> seconds_of_day(std::string_view text) {
  if (text.size() != 8 || text[2] != ':' || text[5] != ':') return std::nullopt;
  const int hour = number(text.substr(0, 2)), minute = number(text.substr(3, 2)), second = number(text.substr(6, 2));
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59) return std::nullopt;
  return hour * 3600 + minute * 60 + second;
}

constexpr std::string_view kUniversal[] = {"GMT", "UT", "UTC", "Z", "+0000", "-0000"};

}  // namespace

std::string http_date(std::time_t when) {
  const std::chrono::sys_seconds time{std::chrono::seconds(when)};
  const auto days = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{days};
  const std::chrono::hh_mm_ss clock{time - days};
  // std::format is not here yet, strftime() follows the locale, and gmtime() of Windows begins in 1970.
  std::array<char, 40> text{};
  const int size =
      std::snprintf(text.data(), text.size(), "%s, %02u %s %04d %02d:%02d:%02d GMT",
                    kDays[std::chrono::weekday(days).c_encoding()].data(), static_cast<unsigned>(date.day()),
                    kMonths[static_cast<unsigned>(date.month()) - 1].data(), static_cast<int>(date.year()),
                    static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                    static_cast<int>(clock.seconds().count()));
  return {text.data(), static_cast<std::size_t>(size)};
}

std::optional<std::time_t> parse_http_date(std::string_view text) {
  auto words = words_of(text);
  // The name of the day.
  if (!words.empty() && !is_digit(words[0][0]) && month_of(words[0]) == 0) words.erase(words.begin());
  if (words.size() < 4 || words.size() > 5) return std::nullopt;
  const bool asctime = month_of(words[0]) != 0;  // "Jan 3 03:04:05 2020", else "03 Jan 2020 03:04:05 GMT"
  const int day = number(words[asctime ? 1 : 0]);
  int year = number(words[asctime ? 3 : 2]);
  const auto clock = seconds_of_day(words[asctime ? 2 : 3]);
  if (day < 0 || day > 31 || year < 0 || !clock) return std::nullopt;  // std::chrono::day has one octet
  if (words.size() == 5 && std::ranges::find(kUniversal, words[4]) == std::end(kUniversal)) return std::nullopt;
  if (words[asctime ? 3 : 2].size() <= 2) year += year > 68 ? 1900 : 2000;
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month_of(words[asctime ? 0 : 1])),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return std::nullopt;
  return std::chrono::seconds(std::chrono::sys_days(date).time_since_epoch()).count() + *clock;
}

}  // namespace cgi
