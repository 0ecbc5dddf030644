#include "cgi11_response.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "script_lines.h"

namespace cgi {
namespace {

using namespace std::string_literals;

const std::string kServer = "Server: s\r\nDate: d\r\n";
const ResponseTerms kOpen = {kServer, false, true, true};
const ResponseTerms kHead = {kServer, true, true, true};
const ResponseTerms kOld = {kServer, false, false, false};          // HTTP/1.0
const ResponseTerms kOldKeptAlive = {kServer, false, false, true};  // with "Connection: keep-alive"
const ResponseTerms kLastOne = {kServer, false, true, false};       // with "Connection: close"

// Returns the response if the script prints `output` at once and ends.
std::string whole(std::string_view output, const ResponseTerms& terms = kOpen) {
  Cgi11Response response(terms);
  response.take(output);
  response.finish();
  const std::string sent = response.flush();
  EXPECT_EQ("", response.problem());
  EXPECT_TRUE(response.status());
  return sent;
}

// Returns why `output` is refused. Nothing may have gone out.
std::string problem_of(std::string_view output) {
  Cgi11Response response(kOpen);
  response.take(output);
  response.finish();
  EXPECT_EQ("", response.flush());
  EXPECT_FALSE(response.status());
  EXPECT_FALSE(response.keeps_connection());
  EXPECT_EQ(!response.problem().empty(), response.is_refused());
  return std::string(response.problem());
}

std::string sent_with(const std::string& status_line, const std::string& fields, const std::string& content) {
  return "HTTP/1.1 " + status_line + "\r\n" + kServer + fields + "\r\n" + content;
}

Cgi11Head parsed(std::string_view block) {
  auto result = parse_cgi11_head(block);
  const auto* problem = std::get_if<std::string>(&result);
  EXPECT_EQ(nullptr, problem) << *problem;
  return problem == nullptr ? std::get<Cgi11Head>(result) : Cgi11Head{};
}

TEST(Cgi11Head, HoldsTheFieldsInTheOrderAndCaseOfTheScript) {
  const Cgi11Head head =
      parsed("X-One: 1\r\ncontent-TYPE: text/plain\nset-cookie: a\nSet-Cookie:b\nEmpty:\nX-One:2\n\n");
  const std::vector<std::pair<std::string, std::string>> expected = {
      {"X-One", "1"}, {"content-TYPE", "text/plain"}, {"set-cookie", "a"}, {"Set-Cookie", "b"}, {"Empty", ""},
      {"X-One", "2"}};
  ASSERT_EQ(expected.size(), head.fields.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(expected[i].first, head.fields[i].name);
    EXPECT_EQ(expected[i].second, head.fields[i].value);
  }
  EXPECT_EQ(200, head.status);
  EXPECT_EQ("OK", head.reason);
  EXPECT_FALSE(head.content_length);
}

TEST(Cgi11Head, OrderDoesNotMatter) {
  std::array<std::string, 3> lines = {"Content-Type: text/plain\n", "Location: http://h/\n", "Status: 303\n"};
  std::sort(lines.begin(), lines.end());
  int orders = 0;
  do {
    const Cgi11Head head = parsed(lines[0] + lines[1] + lines[2] + "\n");
    EXPECT_EQ(303, head.status);
    EXPECT_EQ("See Other", head.reason);
    EXPECT_EQ(2u, head.fields.size());
    ++orders;
  } while (std::next_permutation(lines.begin(), lines.end()));
  EXPECT_EQ(6, orders);
}

TEST(Cgi11Head, EndsWithTheBlockOrAnEmptyLine) {
  for (const char* block : {"Status: 404\n", "Status: 404", "Status: 404\r\n\r\n", "Status: 404\n\nno field"}) {
    EXPECT_EQ(404, parsed(block).status) << block;
  }
}

TEST(Cgi11Head, NamesHaveNoCase) {
  EXPECT_EQ(404, parsed("sTATUS:404\n").status);
  EXPECT_EQ("/x", parsed("LoCaTiOn:\t/x \n").local_location);
  EXPECT_EQ(5u, parsed("STATUS: 200\ncontent-length: 5\n").content_length.value());
}

TEST(Cgi11Head, StatusHasThreeDigitsAndAPhrase) {
  const std::map<std::string, std::pair<int, std::string>> statuses = {
      {"200", {200, "OK"}},
      {"201 Made", {201, "Made"}},
      {"204", {204, "No Content"}},
      {"206", {206, "Partial Content"}},
      {"301", {301, "Moved Permanently"}},
      {"304", {304, "Not Modified"}},
      {"404 Not here, sorry", {404, "Not here, sorry"}},
      {"404 ", {404, "Not Found"}},
      {"404   wide", {404, "wide"}},
      {"418", {418, "I'm a Teapot"}},
      {"429", {429, "Too Many Requests"}},
      {"599", {599, ""}},
      {"999 Stop", {999, "Stop"}},
      {"500 caf\xc3\xa9", {500, "caf\xc3\xa9"}},
  };
  for (const auto& [value, expected] : statuses) {
    const Cgi11Head head = parsed("Status: " + value + "\n\n");
    EXPECT_EQ(expected.first, head.status) << value;
    EXPECT_EQ(expected.second, head.reason) << value;
  }
}

TEST(Cgi11Head, LocationWithoutStatusIsLocalIfItIsAPath) {
  struct Row {
    std::string block;
    int status;
    std::string local;
  };
  const std::vector<Row> rows = {
      {"Location: http://h/p#frag\n", 302, ""},
      {"Location: mailto:a@b\n", 302, ""},
      {"Location: foo\n", 302, ""},
      {"Location: ?q\n", 302, ""},
      {"Location: //host/x\n", 302, ""},
      {"Location: /\\host/x\n", 302, ""},
      {"Location: /\n", 302, "/"},
      {"Location: /a/b?c=d\n", 302, "/a/b?c=d"},
      {"Location: /a\nContent-Type: text/html\n", 302, "/a"},
      {"Location: /a\nStatus: 303\n", 303, ""},
      {"Status: 200\nLocation: /a\n", 200, ""},
      {"Content-Type: a/b\nLocation:\n", 200, ""},
      {"Content-Type: a/b\nLocation: \t\n", 200, ""},
      {"Location:\nLocation: /a\n", 302, "/a"},
  };
  for (const auto& row : rows) {
    const Cgi11Head head = parsed(row.block);
    EXPECT_EQ(row.status, head.status) << row.block;
    EXPECT_EQ(row.local, head.local_location) << row.block;
  }
}

TEST(Cgi11Head, NamesTheProblem) {
  const std::string in_line_2 = "line 2 of the header block: ";
  const std::map<std::string, std::string> problems = {
      {"Status: abc\n", "Status 'abc' is not three digits"},
      {"Status: 99\n", "Status '99' is not three digits"},
      {"Status: 1000\n", "Status '1000' is not three digits"},
      {"Status: 20x\n", "Status '20x' is not three digits"},
      {"Status: +20\n", "Status '+20' is not three digits"},
      {"Status: 200OK\n", "Status '200OK' is not three digits"},
      {"Status: HTTP/1.1 200 OK\n", "Status 'HTTP/1.1 200 OK' is not three digits"},
      {"Status:\n", "Status '' is not three digits"},
      {"Status: 100\n", "Status '100' is not between 200 and 999"},
      {"Status: 101 Switching\n", "Status '101 Switching' is not between 200 and 999"},
      {"Status: 000\n", "Status '000' is not between 200 and 999"},
      {"Status: 200\nContent-Length: -1\n", "Content-Length '-1' is not a number"},
      {"Status: 200\nContent-Length: 5, 5\n", "Content-Length '5, 5' is not a number"},
      {"Status: 200\nContent-Length:\n", "Content-Length '' is not a number"},
      {"Status: 200\nContent-Length: 0x10\n", "Content-Length '0x10' is not a number"},
      {"Status: 200\nContent-Length: 18446744073709551616\n", "Content-Length '18446744073709551616' is too large"},
      {"Status: 200\nstatus: 200\n", in_line_2 + "there is a second 'status'"},
      {"Content-Type: a/b\nContent-Type: a/b\n", in_line_2 + "there is a second 'Content-Type'"},
      {"Location: /a\nLocation: /b\n", in_line_2 + "there is a second 'Location'"},
      {"Content-Length: 1\nContent-Length: 1\n", in_line_2 + "there is a second 'Content-Length'"},
      {"Status: 200\n folded\n", in_line_2 + "it begins with a space: fields are not folded"},
      {"Status: 200\n\tfolded: x\n", in_line_2 + "it begins with a space: fields are not folded"},
      {"Status: 200\nHello\n", in_line_2 + "'Hello' is not a field: it has no colon"},
      {"Status: 200\nX : y\n", in_line_2 + "there is a space before the colon of 'X '"},
      {"Status: 200\nX\t: y\n", in_line_2 + "there is a space before the colon of 'X\\t'"},
      {"Status: 200\n: y\n", in_line_2 + "'' is not a field name"},
      {"Status: 200\nTraceback (last): y\n", in_line_2 + "'Traceback (last)' is not a field name"},
      {"Status: 200\nX\r: y\n", in_line_2 + "'X\\r' is not a field name"},
      {"Status: 200\nX: secret\rSet-Cookie: a\n", in_line_2 + "there is a control character in 'X'"},
      {"Status: 200\nX: y\r\r\n", in_line_2 + "there is a control character in 'X'"},
      {"Status: 200\nX: a\0b\n"s, in_line_2 + "there is a control character in 'X'"},
      {"Status: 200\nX: \x1b[0m\n", in_line_2 + "there is a control character in 'X'"},
      {"Status: 200\nX: a\x7f\n", in_line_2 + "there is a control character in 'X'"},
      {"Status: 200\rX: a\r", "line 1 of the header block: there is a control character in 'Status'"},
      {std::string(100, 'x') + "\n",
       "line 1 of the header block: '" + std::string(60, 'x') + "'... is not a field: it has no colon"},
      {"X-Foo: bar\n", "the header block has no Content-Type, Status or Location"},
      {"Location:\n", "the header block has no Content-Type, Status or Location"},
      {"Content-Type: \n", "the header block has no Content-Type, Status or Location"},
      {"Content-Length: 5\n", "the header block has no Content-Type, Status or Location"},
      {"\nbody", "the header block has no Content-Type, Status or Location"},
      {"", "the header block has no Content-Type, Status or Location"},
  };
  for (const auto& [block, problem] : problems) {
    const auto result = parse_cgi11_head(block);
    ASSERT_TRUE(std::holds_alternative<std::string>(result)) << block;
    EXPECT_EQ(problem, std::get<std::string>(result)) << block;
  }
}

TEST(Cgi11Head, MayBeginWithCgitbsLine) {
  for (const std::string line_end : {"\n", "\r\n"}) {
    const Cgi11Head head = parsed("<!--: spam" + line_end + "Content-Type: text/html" + line_end + line_end);
    ASSERT_EQ(1u, head.fields.size());
    EXPECT_EQ("Content-Type", head.fields[0].name);
  }
  const std::map<std::string, std::string> problems = {
      {"<!--: spam\n\n", "the header block has no Content-Type, Status or Location"},
      {"<!--: Spam\nStatus: 200\n\n", "line 1 of the header block: '<!--' is not a field name"},
      {"<!--: spam \nStatus: 200\n\n", "line 1 of the header block: '<!--' is not a field name"},
      {"<!--: spam\n<!--: spam\nStatus: 200\n\n", "line 2 of the header block: '<!--' is not a field name"},
      {"Status: 200\n<!--: spam\n\n", "line 2 of the header block: '<!--' is not a field name"},
  };
  for (const auto& [block, problem] : problems) EXPECT_EQ(problem, problem_of(block)) << block;
}

TEST(Cgi11Head, TabsAndOctetsAbove127AreNoControls) {
  EXPECT_EQ("a\tb\xff", parsed("Status: 200\nX: a\tb\xff\n").fields.at(0).value);
}

TEST(Cgi11Head, LeavesOutTheFieldsOfTheServer) {
  const Cgi11Head head = parsed(
      "Status: 200\nDate: x\nSERVER: x\nContent-Length: 3\nconnection: keep-alive\nKeep-Alive: 5\n"
      "Transfer-Encoding: chunked\nUpgrade: h2c\nTE: x\nTrailer: x\nProxy-Connection: x\nProxy-Authenticate: x\n"
      "Proxy-Authorization: x\nProxy-Authentication-Info: x\nDate-X: kept\n");
  ASSERT_EQ(1u, head.fields.size());
  EXPECT_EQ("Date-X", head.fields[0].name);
  EXPECT_EQ(3u, head.content_length.value());
}

TEST(Cgi11Response, EndsLinesInCrLf) {
  const std::string expected = sent_with("404 Gone away", "X: y\r\nContent-Length: 4\r\n", "a\n\nb");
  for (const char* output : {"Status: 404 Gone away\nX: y\n\na\n\nb", "Status: 404 Gone away\r\nX: y\r\n\r\na\n\nb",
                             "Status: 404 Gone away\r\nX: y\n\r\na\n\nb", "Status: 404 Gone away\nX: y\r\n\na\n\nb"}) {
    EXPECT_EQ(expected, whole(output)) << output;
  }
}

TEST(Cgi11Response, NeverAddsAContentType) {
  EXPECT_EQ(sent_with("200 OK", "Content-Length: 13\r\n", "<html></html>"), whole("Status: 200\n\n<html></html>"));
  EXPECT_EQ(sent_with("599 ", "Content-Length: 0\r\n", ""), whole("Status: 599\n\n"));
}

TEST(Cgi11Response, RedirectsTheClient) {
  EXPECT_EQ(sent_with("302 Found", "Location: http://h/p?q#frag\r\nContent-Length: 0\r\n", ""),
            whole("Location: http://h/p?q#frag\n\n"));
  EXPECT_EQ(
      sent_with("307 Temporary Redirect", "Location: /x\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n", "there"),
      whole("Status: 307\nLocation: /x\nContent-Type: text/plain\n\nthere"));
}

TEST(Cgi11Response, LeavesALocalRedirectToTheServer) {
  Cgi11Response response(kOpen);
  response.take("Location: /a?b\n");
  EXPECT_FALSE(response.is_refused());
  response.take("\nnobody reads this");
  EXPECT_FALSE(response.is_refused());  // the script may run on
  EXPECT_EQ("", response.flush());
  response.finish();
  EXPECT_EQ("", response.flush());
  EXPECT_FALSE(response.status());
  EXPECT_EQ("", response.problem());
  EXPECT_EQ("/a?b", response.local_location());
  EXPECT_EQ(0u, response.held());
}

TEST(Cgi11Response, DoesNotDependOnThePiecesOfTheOutput) {
  for (const std::string& output :
       {"Status: 404 x\r\nX: y\r\n\r\nbody\r\n\r\n"s, "Content-Type: a/b\nContent-Length: 3\n\nbody"s,
        "Location: /a\n\n"s, "Status: 20x\n\nbody"s, "no header"s, "X: y\n"s, ""s, "\n\r\n\n"s, "Status: 304\n\n\0"s}) {
    for (const ResponseTerms& terms : {kOpen, kHead, kOld}) {
      Cgi11Response at_once(terms);
      at_once.take(output);
      at_once.finish();
      const std::string expected = at_once.flush();
      for (std::size_t cut = 0; cut <= output.size(); ++cut) {
        Cgi11Response response(terms);
        response.take(output.substr(0, cut));
        response.take(output.substr(cut));
        response.finish();
        EXPECT_EQ(expected, response.flush()) << output << " cut at " << cut;
        EXPECT_EQ(at_once.problem(), response.problem()) << output << " cut at " << cut;
        EXPECT_EQ(at_once.problem().empty() ? "" : output, response.refused()) << output << " cut at " << cut;
        EXPECT_EQ(at_once.keeps_connection(), response.keeps_connection());
      }
    }
  }
}

TEST(Cgi11Response, SendsNothingBeforeTheHeaderBlockIsComplete) {
  const std::string block = "Content-Type: a/b\r\n\r\n";
  Cgi11Response response(kOpen);
  for (char c : block.substr(0, block.size() - 1)) {
    response.take({&c, 1});
    EXPECT_EQ("", response.flush());
    EXPECT_FALSE(response.status());
  }
  response.take("\n");
  EXPECT_EQ(sent_with("200 OK", "Content-Type: a/b\r\nTransfer-Encoding: chunked\r\n", ""), response.flush());
  EXPECT_TRUE(response.status());
}

TEST(Cgi11Response, SendsLateOutputInChunks) {
  for (const ResponseTerms& terms : {kOpen, kLastOne}) {
    Cgi11Response response(terms);
    response.take("Status: 200\n\nfirst");
    EXPECT_EQ(5u, response.held());
    const std::string closing = terms.may_stay_open ? "" : "Connection: close\r\n";
    EXPECT_EQ(sent_with("200 OK", "Transfer-Encoding: chunked\r\n" + closing, "5\r\nfirst\r\n"), response.flush());
    EXPECT_EQ("", response.flush());
    response.take("0123456789abcdef");
    EXPECT_EQ("10\r\n0123456789abcdef\r\n", response.flush());
    EXPECT_FALSE(response.keeps_connection());  // the response has not ended
    response.take("x");
    response.finish();
    EXPECT_EQ("1\r\nx\r\n0\r\n\r\n", response.flush());
    EXPECT_EQ("", response.flush());
    EXPECT_EQ(terms.may_stay_open, response.keeps_connection());
  }
}

TEST(Cgi11Response, EndsLateOutputForHttp10WithTheConnection) {
  for (const ResponseTerms& terms : {kOld, kOldKeptAlive}) {
    Cgi11Response response(terms);
    response.take("Status: 200\n\nfirst");
    EXPECT_EQ(sent_with("200 OK", "Connection: close\r\n", "first"), response.flush());
    response.take("second");
    response.finish();
    EXPECT_EQ("second", response.flush());
    EXPECT_FALSE(response.keeps_connection());
  }
}

TEST(Cgi11Response, AnnouncesTheEndOfTheConnection) {
  struct Row {
    ResponseTerms terms;
    std::string said;
    bool keeps;
  };
  const std::vector<Row> rows = {{kOpen, "", true},
                                 {kOld, "Connection: close\r\n", false},
                                 {kOldKeptAlive, "Connection: keep-alive\r\n", true},
                                 {kLastOne, "Connection: close\r\n", false}};
  for (const auto& row : rows) {
    Cgi11Response response(row.terms);
    response.take("Status: 200\nConnection: upgrade\n\nbody");
    response.finish();
    EXPECT_EQ(sent_with("200 OK", "Content-Length: 4\r\n" + row.said, "body"), response.flush());
    EXPECT_EQ(row.keeps, response.keeps_connection());
  }
}

TEST(ScriptsContentLength, IsCorrectedIfAllOutputIsKnown) {
  EXPECT_EQ(sent_with("200 OK", "Content-Length: 4\r\n", "body"), whole("Status: 200\nContent-Length: 99\n\nbody"));
  EXPECT_EQ(sent_with("200 OK", "Content-Length: 2\r\n", "bo"), whole("Status: 200\nContent-Length: 2\n\nbody"));
  EXPECT_EQ(sent_with("200 OK", "Content-Length: 0\r\n", ""), whole("Status: 200\nContent-Length: 0\n\nbody"));
}

TEST(ScriptsContentLength, LimitsLateOutputAndClosesTheConnectionIfOctetsAreMissing) {
  struct Row {
    std::string late, sent;
    bool keeps;
  };
  const std::vector<Row> rows = {
      {"", "", false}, {"1", "1", false}, {"12", "12", true}, {"12" + std::string(300'000, 'x'), "12", true}};
  for (const auto& row : rows) {
    Cgi11Response response(kOpen);
    response.take("Status: 200\nContent-Length: 6\n\nbody");
    EXPECT_EQ(sent_with("200 OK", "Content-Length: 6\r\n", "body"), response.flush());
    response.take(row.late);
    EXPECT_EQ(row.sent, response.flush());
    response.take(row.keeps ? "more" : "");
    EXPECT_EQ(0u, response.held());
    response.finish();
    EXPECT_EQ("", response.flush());
    EXPECT_EQ(row.keeps, response.keeps_connection());
  }
}

TEST(Cgi11Response, HasContentOnlyWhereHttpAllowsIt) {
  EXPECT_EQ(sent_with("204 No Content", "", ""), whole("Status: 204\nContent-Length: 4\n\nbody"));
  EXPECT_EQ(sent_with("304 Not Modified", "ETag: x\r\n", ""), whole("Status: 304\nETag: x\nContent-Length: 4\n\nbody"));
  EXPECT_EQ(sent_with("205 Reset Content", "Content-Length: 0\r\n", ""), whole("Status: 205\n\nbody"));
  EXPECT_EQ(sent_with("206 Partial Content", "Content-Length: 4\r\n", "body"), whole("Status: 206\n\nbody"));
  EXPECT_EQ(sent_with("200 OK", "", ""), whole("Status: 200\n\nbody", kHead));
  EXPECT_EQ(sent_with("200 OK", "Content-Length: 99\r\n", ""), whole("Status: 200\nContent-Length: 99\n\n", kHead));
  EXPECT_EQ(sent_with("204 No Content", "", ""), whole("Status: 204\nContent-Length: 4\n\n", kHead));
  for (const char* output : {"Status: 204\n\n", "Status: 304\n\n", "Status: 205\n\n"}) {
    Cgi11Response response(kOldKeptAlive);
    response.take(output);
    EXPECT_EQ(std::string::npos, response.flush().find("close"));
    response.take("body");
    response.finish();
    EXPECT_EQ("", response.flush());
    EXPECT_TRUE(response.keeps_connection());
  }
}

TEST(Cgi11Response, AnswersHeadWithTheHeaderBlockOnly) {
  Cgi11Response response(kHead);
  response.take("Status: 200\nContent-Length: 10\n\nbo");
  EXPECT_EQ(sent_with("200 OK", "Content-Length: 10\r\n", ""), response.flush());
  response.take("dy");
  EXPECT_EQ(0u, response.held());
  response.finish();
  EXPECT_EQ("", response.flush());
  EXPECT_TRUE(response.keeps_connection());
}

TEST(Cgi11Response, RefusesOutputWithoutAHeaderBlock) {
  const std::map<std::string, std::string> problems = {
      {"", "no header block: the script printed nothing"},
      {"Hello", "line 1 of the header block: 'Hello' is not a field: it has no colon"},
      {"<html>\n<body>", "line 1 of the header block: '<html>' is not a field: it has no colon"},
      {"Content-Type: a/b\n", "the header block has no end: there is no empty line after it"},
      {"Content-Type: a/b\nSta", "the header block has no end: there is no empty line after it"},
      {"Content-Type: a/b\r\n\r", "the header block has no end: there is no empty line after it"},
      {"\nbody", "the header block has no Content-Type, Status or Location"},
      {"HTTP/1.1 200 OK\r\nA: b\r\n\r\n",
       "line 1 of the header block: 'HTTP/1.1 200 OK' is not a field: it has no colon"},
  };
  for (const auto& [output, problem] : problems) EXPECT_EQ(problem, problem_of(output)) << output;
}

TEST(Cgi11Response, RefusesAWrongHeaderBlockAtOnce) {
  Cgi11Response response(kOpen);
  response.take("Status: 200\nStatus: 200\n\nbody");
  EXPECT_TRUE(response.is_refused());
  response.take("more");
  response.finish();
  EXPECT_EQ("line 2 of the header block: there is a second 'Status'", response.problem());
}

TEST(Cgi11Response, KeepsTheBeginningOfRefusedOutput) {
  Cgi11Response response(kOpen);
  response.take("no field\n\n");
  EXPECT_EQ("no field\n\n", response.refused());
  response.take("traceback\n");
  EXPECT_EQ("no field\n\ntraceback\n", response.refused());
  for (int i = 0; i < 3; ++i) response.take(std::string(kRefusedKept, 'x'));
  EXPECT_EQ(kRefusedKept, response.refused().size());
  EXPECT_FALSE(response.status());

  Cgi11Response accepted(kOpen);
  accepted.take("Status: 200\n\ncontent");
  accepted.finish();
  EXPECT_EQ("", accepted.refused());
}

TEST(Cgi11Response, AcceptsLargeHeaderBlocks) {
  std::string output = "Status: 200\n";
  for (int i = 0; i < 10'000; ++i) output += "X-" + std::to_string(i) + ": value\n";
  const std::string last = "X-Long: " + std::string(500'000, 'x') + "\n";
  Cgi11Response response(kOpen);
  for (char c : output + last + "\nbody") {  // an octet at a time: octets must not be searched twice
    response.take({&c, 1});
    ASSERT_LE(response.held(), 4u);  // otherwise the caller would stop reading before the block ends
  }
  response.finish();
  const std::string sent = response.flush();
  EXPECT_NE(sent.npos, sent.find("\r\nX-9999: value\r\nX-Long: xxx"));
  EXPECT_TRUE(sent.ends_with("\r\nContent-Length: 4\r\n\r\nbody"));
}

TEST(Cgi11Response, RefusesAHeaderBlockAbove1MiB) {
  const std::string start = "Status: 200\nX: ";
  const std::string fits = start + std::string((1 << 20) - start.size() - 2, 'x') + "\n\n";
  EXPECT_TRUE(whole(fits + "ok").ends_with("xx\r\nContent-Length: 2\r\n\r\nok"));
  for (std::size_t piece : {fits.size() + 1, std::size_t{1000}}) {
    const std::string over = start + std::string((1 << 20) - start.size() - 1, 'x') + "\n\n";
    Cgi11Response response(kOpen);
    for (std::size_t at = 0; at < over.size(); at += piece) response.take(std::string_view(over).substr(at, piece));
    EXPECT_TRUE(response.is_refused());
    EXPECT_EQ("the header block has no end within 1 MiB", response.problem());
  }
}

}  // namespace
}  // namespace cgi
