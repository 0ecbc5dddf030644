#include "error_page.h"

#include <utility>

#include "built_in_data.h"
#include "field_syntax.h"
#include "quote.h"

namespace cgi {
namespace {

// Returns the two parts of a line of statuses.txt: "404 Not Found: Nothing matches the given URI".
std::pair<std::string_view, std::string_view> phrases(int status) {
  const std::string key = "\n" + std::to_string(status) + " ";
  const std::size_t at = kStatuses.find(key);
  if (at == kStatuses.npos) return {"???", "???"};
  std::string_view rest = kStatuses.substr(at + key.size());
  std::string_view line = cut(rest, '\n');
  const std::string_view reason = cut(line, ':');
  return {reason, trim(line)};
}

}  // namespace

std::string error_page(int status, std::string_view reason) {
  const std::string code = std::to_string(status);
  std::string page;
  page.reserve(512);
  page +=
      "<!DOCTYPE HTML>\n"
      "<html lang=\"en\">\n"
      "    <head>\n"
      "        <meta charset=\"utf-8\">\n"
      "        <title>Error response</title>\n"
      "    </head>\n"
      "    <body>\n"
      "        <h1>Error response</h1>\n"
      "        <p>Error code: ";
  page.append(code).append("</p>\n        <p>Message: ").append(html_escape(reason));
  page.append(".</p>\n        <p>Error code explanation: ").append(code).append(" - ");
  page.append(html_escape(explanation(status)));
  page += ".</p>\n    </body>\n</html>\n";
  return page;
}

std::string_view standard_reason(int status) { return phrases(status).first; }
std::string_view explanation(int status) { return phrases(status).second; }

}  // namespace cgi
