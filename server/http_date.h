// Dates in HTTP. RFC 9110 5.6.7.
#pragma once

#include <array>
#include <ctime>
#include <optional>
#include <string>
#include <string_view>

namespace cgi {

inline constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                             "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

// Returns "Sun, 06 Nov 1994 08:49:37 GMT".
std::string http_date(std::time_t when);

// Reads the three forms of a date (IMF-fixdate, RFC 850, asctime) in universal time: "GMT", "UT", "UTC", "Z", "+0000",
// "-0000" or no zone. Returns nothing for any other text. As in CPython, that includes other zones and leap seconds.
std::optional<std::time_t> parse_http_date(std::string_view text);

}  // namespace cgi
