#include "error_page.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace cgi {
namespace {

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
