#include "http_date.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

#include "ascii.h"

namespace cgi {
namespace {

constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
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

std::optional<int> number(std::string_view text) {
  int value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0 || text.size() > 4) return std::nullopt;
  return value;
}

std::optional<int> month(std::string_view text) {
  const auto* at = std::find(kMonths.begin(), kMonths.end(), text);
  return at != kMonths.end() ? std::optional(static_cast<int>(at - kMonths.begin())) : std::nullopt;
}

bool read_clock(std::string_view text, std::tm& when) {
  if (text.size() != 8 || text[2] != ':' || text[5] != ':') return false;
  // RFC 9110 allows a leap second, but CPython does not, and no file has such a time.
  const auto hour = number(text.substr(0, 2)), minute = number(text.substr(3, 2)), second = number(text.substr(6, 2));
  if (!hour || !minute || !second || *hour > 23 || *minute > 59 || *second > 59) return false;
  when.tm_hour = *hour;
  when.tm_min = *minute;
  when.tm_sec = *second;
  return true;
}

bool is_universal(std::string_view zone) {
  return zone == "GMT" || zone == "UT" || zone == "UTC" || zone == "Z" || zone == "+0000" || zone == "-0000";
}

}  // namespace

std::string http_date(std::time_t when) {
  std::tm utc{};
  ::gmtime_r(&when, &utc);
  std::array<char, 40> text{};
  // Not strftime's %a and %b: those follow the locale.
  const std::string_view day = kDays[static_cast<std::size_t>(utc.tm_wday)];
  const std::string_view name = kMonths[static_cast<std::size_t>(utc.tm_mon)];
  std::size_t size = std::strftime(text.data(), text.size(), "..., %d ... %Y %H:%M:%S GMT", &utc);
  day.copy(text.data(), 3);
  name.copy(text.data() + 8, 3);
  return {text.data(), size};
}

std::optional<std::time_t> parse_http_date(std::string_view text) {
  auto words = words_of(text);
  if (!words.empty() && !is_digit(words[0][0]) && !month(words[0])) {
    words.erase(words.begin());  // the name of the day
  }
  if (words.size() < 4 || words.size() > 5) return std::nullopt;
  const bool asctime = month(words[0]).has_value();  // "Jan 3 03:04:05 2020", else "03 Jan 2020 03:04:05 GMT"
  const auto day = number(words[asctime ? 1 : 0]);
  const auto mon = month(words[asctime ? 0 : 1]);
  auto year = number(words[asctime ? 3 : 2]);
  std::tm when{};
  if (!day || *day < 1 || *day > 31 || !mon || !year || !read_clock(words[asctime ? 2 : 3], when)) return std::nullopt;
  if (words.size() == 5 && !is_universal(words[4])) return std::nullopt;
  if (words[asctime ? 3 : 2].size() <= 2) *year += *year > 68 ? 1900 : 2000;
  when.tm_mday = *day;
  when.tm_mon = *mon;
  when.tm_year = *year - 1900;
  const std::time_t seconds = ::timegm(&when);
  if (when.tm_mday != *day) return std::nullopt;  // timegm() makes the 31st of February the 2nd of March
  return seconds;
}

}  // namespace cgi
