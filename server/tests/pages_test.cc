#include "pages.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

namespace cgi {
namespace {

std::string title_of(std::string_view target) {
  const std::string page = listing_page(target, {});
  const std::size_t begin = page.find("<title>") + 7;
  return page.substr(begin, page.find("</title>") - begin);
}

// Returns the <li> lines of a listing.
std::string items_of(std::vector<ListingEntry> entries) {
  const std::string page = listing_page("/", std::move(entries));
  const std::size_t begin = page.find("<ul>\n") + 5;
  return page.substr(begin, page.find("</ul>") - begin);
}

TEST(Listing, EqualsCPythonsOctetByOctet) {
  EXPECT_EQ(
      "<!DOCTYPE HTML>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<title>Directory listing for /d/</title>\n</head>\n<body>\n<h1>Directory listing for /d/</h1>\n<hr>\n<ul>\n"
      "<li><a href=\"a.txt\">a.txt</a></li>\n<li><a href=\"sub/\">sub/</a></li>\n"
      "</ul>\n<hr>\n</body>\n</html>\n",
      listing_page("/d/", {{"sub", true, false}, {"a.txt", false, false}}));
}

TEST(Listing, OfAnEmptyDirectoryHasNoItems) { EXPECT_EQ("", items_of({})); }

TEST(ListingTitle, IsTheTargetDecodedAndEscapedWithItsQuery) {
  const std::map<std::string, std::string> titles = {
      {"/", "/"},
      {"/sp%20ace/", "/sp ace/"},
      {"/d/?x=<b>", "/d/?x=&lt;b&gt;"},
      {"/d/?x=%3Cb%3E", "/d/?x=&lt;b&gt;"},
      {"/d/%3Cx%3E/../", "/d/&lt;x&gt;/../"},
      {"/d/?a&amp;b", "/d/?a&amp;amp;b"},
      {"/%2541/", "/%41/"},
      {"//d//e/", "/d//e/"},
      {"////", "/"},
      {"/d/#f", "/d/#f"},
      {"/d%E7/", "/d\xe7/"},
      {"/d%ED%B3%A7/", "/d\xe7/"},
  };
  for (const auto& [target, title] : titles) EXPECT_EQ("Directory listing for " + title, title_of(target));
}

TEST(ListingItems, MarkDirectoriesAndLinks) {
  EXPECT_EQ("<li><a href=\"d/\">d/</a></li>\n", items_of({{"d", true, false}}));
  EXPECT_EQ("<li><a href=\"l\">l@</a></li>\n", items_of({{"l", false, true}}));
  EXPECT_EQ("<li><a href=\"ld/\">ld@</a></li>\n", items_of({{"ld", true, true}}));
}

TEST(ListingItems, QuoteNamesInLinksAndEscapeThemInText) {
  const std::map<std::string, std::string> items = {
      {"a&b<c>\"q\".txt", "<li><a href=\"a%26b%3Cc%3E%22q%22.txt\">a&amp;b&lt;c&gt;\"q\".txt</a></li>\n"},
      {"c:d", "<li><a href=\"c%3Ad\">c:d</a></li>\n"},
      {"javascript:x", "<li><a href=\"javascript%3Ax\">javascript:x</a></li>\n"},
      {"bad\xff.txt", "<li><a href=\"bad%FF.txt\">bad\xff.txt</a></li>\n"},
      {"\xed\xb3\xa7", "<li><a href=\"%ED%B3%AD%ED%B2%B3%ED%B2%A7\">\xed\xb3\xa7</a></li>\n"},
      {"pct%41?#", "<li><a href=\"pct%2541%3F%23\">pct%41?#</a></li>\n"},
      {"a\nb", "<li><a href=\"a%0Ab\">a\nb</a></li>\n"},
      {"it's", "<li><a href=\"it%27s\">it's</a></li>\n"},
  };
  for (const auto& [name, item] : items) EXPECT_EQ(item, items_of({{name, false, false}}));
}

TEST(ListingItems, AreSortedStablyWithoutRegardToCase) {
  std::string order;
  const std::string items = items_of({{"b"}, {"B"}, {"C"}, {"a"}, {"_"}, {".h"}, {"\xc3\xa9"}, {"aa"}, {"A"}, {"z"}});
  for (std::size_t at = 0; (at = items.find("\">", at)) != std::string::npos;) {
    at += 2;
    order += items.substr(at, items.find('<', at) - at) + " ";
  }
  EXPECT_EQ(".h _ a A aa b B C z \xc3\xa9 ", order);
}

TEST(ErrorPage, EqualsCPythonsOctetByOctet) {
  EXPECT_EQ(
      "<!DOCTYPE HTML>\n"
      "<html lang=\"en\">\n"
      "    <head>\n"
      "        <meta charset=\"utf-8\">\n"
      "        <title>Error response</title>\n"
      "    </head>\n"
      "    <body>\n"
      "        <h1>Error response</h1>\n"
      "        <p>Error code: 404</p>\n"
      "        <p>Message: File not found.</p>\n"
      "        <p>Error code explanation: 404 - Nothing matches the given URI.</p>\n"
      "    </body>\n"
      "</html>\n",
      error_page(404, "File not found"));
}

TEST(ErrorPage, EscapesTheMessage) {
  const std::string page = error_page(501, "Unsupported method ('<script>&\"')");
  EXPECT_NE(std::string::npos, page.find("<p>Message: Unsupported method ('&lt;script&gt;&amp;\"').</p>"));
  EXPECT_EQ(std::string::npos, page.find("<script>"));
}

TEST(ErrorPage, ExplainsAStatusAsCPythonDoes) {
  const std::map<int, std::string> endings = {
      {422, "422 - .</p>"}, {599, "599 - ???.</p>"}, {418, "because it is a teapot..</p>"}};
  for (const auto& [status, ending] : endings) {
    EXPECT_NE(std::string::npos, error_page(status, "x").find(ending)) << status;
  }
}

TEST(StandardReason, EqualsThatOfPython313) {
  const std::map<int, std::string> reasons = {
      {100, "Continue"},
      {200, "OK"},
      {301, "Moved Permanently"},
      {304, "Not Modified"},
      {400, "Bad Request"},
      {403, "Forbidden"},
      {404, "Not Found"},
      {408, "Request Timeout"},
      {413, "Content Too Large"},
      {414, "URI Too Long"},
      {418, "I'm a Teapot"},
      {431, "Request Header Fields Too Large"},
      {500, "Internal Server Error"},
      {501, "Not Implemented"},
      {503, "Service Unavailable"},
      {505, "HTTP Version Not Supported"},
      {511, "Network Authentication Required"},
      {0, "???"},
      {99, "???"},
      {299, "???"},
      {419, "???"},
      {512, "???"},
      {-1, "???"},
  };
  for (const auto& [status, reason] : reasons) EXPECT_EQ(reason, standard_reason(status)) << status;
}

TEST(Explanation, IsASentenceOrEmptyOrUnknown) {
  EXPECT_EQ("Server does not support this operation", explanation(501));
  EXPECT_EQ("The user has sent too many requests in a given amount of time (\"rate limiting\")", explanation(429));
  EXPECT_EQ("", explanation(423));
  EXPECT_EQ("???", explanation(600));
}

TEST(Statuses, AreSixtyTwo) {
  int known = 0;
  for (int status = 0; status < 1000; ++status) known += standard_reason(status) != "???";
  EXPECT_EQ(62, known);
}

}  // namespace
}  // namespace cgi
