// Feeds text to parse_http_date(). A date that it finds must be the one in the text, and it must find the same date in
// what http_date() writes. It must also read another date in each of the three forms of RFC 9110 5.6.7. The first eight
// octets of the data are that other date.

#include <array>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <string>

#include "http_date.h"
#include "require.h"

namespace {

std::string formatted(std::time_t when, const char* format) {
  std::tm utc{};
  ::gmtime_r(&when, &utc);
  std::array<char, 64> text{};
  return {text.data(), std::strftime(text.data(), text.size(), format, &utc)};
}

constexpr std::time_t kYear1 = -62'135'596'800, kYear10000 = 253'402'300'800;
constexpr std::time_t kYear1969 = -31'536'000, kYear2069 = 3'124'224'000;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using cgi::require;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto when = cgi::parse_http_date(text)) {
    const std::string date = cgi::http_date(*when);
    require(date.size() == 29 && cgi::parse_http_date(date) == when);
    const std::size_t time = text.rfind(date.substr(17, 8));
    require(time != text.npos && text.find(date.substr(8, 3)) != text.npos);
    // Only the offset 0 means universal time.
    require(text.find_first_of("123456789", text.find('+', time)) == text.npos);
    for (const std::size_t at : {5UL, 14UL}) {  // the day and the end of the year, which may have one digit
      require(text.find(std::to_string(std::stoi(date.substr(at, 2)))) != text.npos);
    }
  }

  if (size < sizeof(std::int64_t)) return 0;
  std::int64_t number = 0;
  std::memcpy(&number, data, sizeof number);
  const std::time_t when = kYear1 + static_cast<std::time_t>(static_cast<std::uint64_t>(number) %
                                                             static_cast<std::uint64_t>(kYear10000 - kYear1));
  require(cgi::parse_http_date(cgi::http_date(when)) == when);
  if (when < kYear1969 || when >= kYear2069) return 0;
  require(cgi::http_date(when) == formatted(when, "%a, %d %b %Y %H:%M:%S GMT"));
  require(cgi::parse_http_date(formatted(when, "%A, %d-%b-%y %H:%M:%S GMT")) == when);
  require(cgi::parse_http_date(formatted(when, "%a %b %e %H:%M:%S %Y")) == when);
  return 0;
}
