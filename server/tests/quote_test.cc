#include "quote.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>

namespace cgi {
namespace {

using namespace std::string_literals;

TEST(PythonRepr, ShowsOctetsAsPythonDoes) {
  const std::map<std::string, std::string> shown_as = {
      {"", "''"},
      {"/cgi-bin/x", "'/cgi-bin/x'"},
      {"it's", "\"it's\""},
      {"say \"x\"", "'say \"x\"'"},
      {"it's \"x\"", "'it\\'s \"x\"'"},
      {"a\\b", "'a\\\\b'"},
      {"\t\n\r", "'\\t\\n\\r'"},
      {"\0\x01\x1b\x1f"s, "'\\x00\\x01\\x1b\\x1f'"},
      {"~\x7f\x80\xff", "'~\\x7f\\x80\\xff'"},
      {"caf\xc3\xa9", "'caf\\xc3\\xa9'"},
      {"<b>&", "'<b>&'"},
  };
  for (const auto& [text, repr] : shown_as) EXPECT_EQ(repr, python_repr(text));
}

TEST(PythonRepr, IsAlwaysPrintableAscii) {
  for (int octet = 0; octet < 256; ++octet) {
    for (char c : python_repr(std::string(1, static_cast<char>(octet)))) {
      EXPECT_TRUE(c >= 0x20 && c <= 0x7e) << octet;
    }
  }
}

TEST(HtmlEscape, ReplacesAmpersandAndAngleBracketsOnly) {
  EXPECT_EQ("&lt;b&gt;&amp;amp; \"q\" 'q'", html_escape("<b>&amp; \"q\" 'q'"));
  EXPECT_EQ("", html_escape(""));
}

TEST(UrlQuote, KeepsUnreservedOctetsAndSlashes) {
  const std::string kept = "ABCXYZabcxyz0189_.-~/";
  EXPECT_EQ(kept, url_quote(kept));
  const std::map<std::string, std::string> quoted = {
      {"a b", "a%20b"},
      {"c:d", "c%3Ad"},
      {"\"<>&?#%+", "%22%3C%3E%26%3F%23%25%2B"},
      {"\0"s, "%00"},
      {"caf\xc3\xa9", "caf%C3%A9"},
      {"bad\xff", "bad%FF"},
  };
  for (const auto& [text, url] : quoted) EXPECT_EQ(url, url_quote(text));
}

TEST(UrlUnquote, DecodesOnceAndLeavesMalformedEscapesAlone) {
  const std::map<std::string, std::string> decoded = {
      {"", ""},
      {"a%20b", "a b"},
      {"%41%4a%4A", "AJJ"},
      {"%2541", "%41"},
      {"%252e%252e", "%2e%2e"},
      {"%", "%"},
      {"%4", "%4"},
      {"%zz", "%zz"},
      {"%%41", "%A"},
      {"a%4", "a%4"},
      {"%C3%A9", "\xc3\xa9"},
      {"%ff", "\xff"},
      {"%00", "\0"s},
      {"a+b", "a+b"},
      {"%%32%65", "%2e"},
      {"%u002f", "%u002f"},
      {"%4%31", "%41"},
      {"%2f%2F", "//"},
  };
  for (const auto& [url, text] : decoded) EXPECT_EQ(text, url_unquote(url)) << url;
}

TEST(UrlUnquote, InvertsUrlQuoteForAllOctets) {
  std::mt19937 random(20261122);
  for (int round = 0; round < 2000; ++round) {
    std::string text(random() % 40, ' ');
    for (char& c : text) c = static_cast<char>(random());
    EXPECT_EQ(text, url_unquote(url_quote(text)));
  }
}

TEST(LogEscape, EscapesAllControls) {
  const std::map<std::string, std::string> escaped = {
      {"", ""},
      {"GET / HTTP/1.0", "GET / HTTP/1.0"},
      {"\x1b[2J\a\b", "\\x1b[2J\\x07\\x08"},
      {"a\nb\rc\0"s, "a\\x0ab\\x0dc\\x00"},
      {"\x7f\x80\x9b\xff", "\\x7f\\x80\\x9b\\xff"},
      {"\\x1b", "\\\\x1b"},
      {"\xe2\x80\xa8", "\\xe2\\x80\\xa8"},
      {"\"'<>", "\"'<>"},
  };
  for (const auto& [text, line] : escaped) EXPECT_EQ(line, log_escape(text));
}

TEST(LogEscape, CutsAfter4096Octets) {
  EXPECT_EQ(std::string(4096, 'a'), log_escape(std::string(4096, 'a')));
  EXPECT_EQ(std::string(4096, 'a') + "...[+1]", log_escape(std::string(4097, 'a')));
  EXPECT_EQ(std::string(4096, 'a') + "...[+61440]", log_escape(std::string(65536, 'a')));
  EXPECT_EQ(4 * 4096u + 9, log_escape(std::string(5000, '\0')).size());
}

}  // namespace
}  // namespace cgi
