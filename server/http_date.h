// Dates in HTTP: the one form we write, the forms we read. RFC 9110 5.6.7.
#pragma once

#include <ctime>
#include <optional>
#include <string>
#include <string_view>

namespace cgi {

// "Sun, 06 Nov 1994 08:49:37 GMT".
std::string http_date(std::time_t when);

// Reads IMF-fixdate, RFC 850 and asctime forms in universal time ("GMT", "UT", "UTC", "Z", "+0000", "-0000"
// or no zone). Nothing for anything else: like CPython, a date in another zone, or in a leap second, is not taken into
// account.
std::optional<std::time_t> parse_http_date(std::string_view text);

}  // namespace cgi
