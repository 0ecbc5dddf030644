#include "http_date.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace cgi {
namespace {

constexpr std::time_t kExample = 784111777;  // the example of RFC 9110

TEST(HttpDate, IsWrittenAsImfFixdate) {
  EXPECT_EQ("Sun, 06 Nov 1994 08:49:37 GMT", http_date(kExample));
  EXPECT_EQ("Thu, 01 Jan 1970 00:00:00 GMT", http_date(0));
  EXPECT_EQ("Thu, 01 Jan 0099 00:00:00 GMT", http_date(-59'042'995'200));
}

TEST(HttpDate, NamesEveryMonthAndDay) {
  const std::array<const char*, 12> dates = {
      "Thu, 01 Jan 2026 00:00:00 GMT", "Sun, 01 Feb 2026 00:00:00 GMT", "Mon, 02 Mar 2026 00:00:00 GMT",
      "Tue, 07 Apr 2026 00:00:00 GMT", "Wed, 06 May 2026 00:00:00 GMT", "Thu, 04 Jun 2026 00:00:00 GMT",
      "Fri, 03 Jul 2026 00:00:00 GMT", "Sat, 01 Aug 2026 00:00:00 GMT", "Sun, 06 Sep 2026 00:00:00 GMT",
      "Mon, 05 Oct 2026 00:00:00 GMT", "Tue, 03 Nov 2026 00:00:00 GMT", "Wed, 02 Dec 2026 00:00:00 GMT"};
  for (const std::string date : dates) {
    const auto when = parse_http_date(date);
    ASSERT_TRUE(when) << date;
    EXPECT_EQ(date, http_date(*when));
  }
}

TEST(HttpDate, IsReadInThreeForms) {
  for (const char* text : {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
                           "Sun Nov  6 08:49:37 1994", "06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 +0000",
                           "Sun, 06 Nov 1994 08:49:37 -0000", "Sun, 06 Nov 1994 08:49:37"}) {
    EXPECT_EQ(kExample, parse_http_date(text)) << text;
  }
}

TEST(HttpDate, WithTwoDigitsOfAYearIsFrom1969To2068) {
  EXPECT_EQ("Wed, 01 Jan 2020 00:00:00 GMT", http_date(*parse_http_date("Wednesday, 01-Jan-20 00:00:00 GMT")));
  EXPECT_EQ("Wed, 01 Jan 1969 00:00:00 GMT", http_date(*parse_http_date("Wednesday, 01-Jan-69 00:00:00 GMT")));
}

TEST(HttpDate, IsReadInNoOtherForm) {
  for (const char* text :
       {"", "bogus", "0", "Sun, 06 Nov 1994 08:49:37 +0100", "Sun, 06 Nov 1994 08:49:37 EST",
        "Sun, 32 Nov 1994 08:49:37 GMT", "Sun, 262 Nov 1994 08:49:37 GMT", "Mon, 31 Feb 2020 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:49:37 GMT", "Sun, 06 Nov 1994 -0:49:37 GMT", "Sun, 06 Nov 1994 08:60:37 GMT",
        "Sun, 06 Nov 1994 08:49:60 GMT", "Sat, 31 Dec 2016 23:59:60 GMT", "Sun, 06 Nov 1994",
        "Sun, 06 Nov 199499 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT GMT", ", , , ,"}) {
    EXPECT_EQ(std::nullopt, parse_http_date(text)) << text;
  }
}

}  // namespace
}  // namespace cgi
