#include "wide.h"

#include <gtest/gtest.h>
#include <windows.h>

namespace cgi {
namespace {

using namespace std::string_literals;

TEST(Wide, ConvertsUtf8) {
  EXPECT_EQ(L"", wide("").value());
  EXPECT_EQ(L"a b", wide("a b").value());
  EXPECT_EQ(L"caf\u00e9 \xd83d\xde00", wide("caf\xc3\xa9 \xf0\x9f\x98\x80").value());
}

TEST(Wide, RefusesWhatHasNoCharacters) {
  for (const std::string& octets : {"\xff"s, "caf\xe9"s, "\xc0\xaf"s, "\xed\xb3\xa7"s, "\xc3"s, "a\0b"s}) {
    EXPECT_FALSE(wide(octets)) << octets;
  }
}

TEST(Wide, ReplacesWhatHasNoCharacters) { EXPECT_EQ(L"a\xfffdz", wide_enough("a\xffz")); }

TEST(Narrow, IsTheReverse) {
  EXPECT_EQ("caf\xc3\xa9 \xf0\x9f\x98\x80", narrow(L"caf\u00e9 \xd83d\xde00"));
  EXPECT_EQ("a\xef\xbf\xbd", narrow(L"a\xd83d"));
}

TEST(ErrorText, IsOneLine) {
  EXPECT_EQ(std::string::npos, error_text(ERROR_FILE_NOT_FOUND).find_first_of("\r\n"));
  EXPECT_EQ("error 3999999", error_text(3999999));
}

}  // namespace
}  // namespace cgi
