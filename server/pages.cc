#include "pages.h"

#include <algorithm>
#include <utility>

#include "built_in_data.h"
#include "field_syntax.h"
#include "quote.h"
#include "url_path.h"

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

bool less_ignoring_case(const ListingEntry& a, const ListingEntry& b) {
  // Compares octets: UTF-8 sorts like the code points that Python compares.
  return std::lexicographical_compare(a.name.begin(), a.name.end(), b.name.begin(), b.name.end(), [](char x, char y) {
    return static_cast<unsigned char>(lower(x)) < static_cast<unsigned char>(lower(y));
  });
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

std::string listing_page(std::string_view target, std::vector<ListingEntry> entries) {
  std::stable_sort(entries.begin(), entries.end(), less_ignoring_case);
  if (target.starts_with("//")) target.remove_prefix(std::min(target.find_first_not_of('/'), target.size()) - 1);
  const std::string title = "Directory listing for " + html_escape(file_name(url_unquote(target)));

  std::string page;
  page.reserve(256 + 2 * title.size() + 64 * entries.size());
  page += "<!DOCTYPE HTML>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>";
  page.append(title).append("</title>\n</head>\n<body>\n<h1>").append(title).append("</h1>\n<hr>\n<ul>\n");
  for (const ListingEntry& entry : entries) {
    page.append("<li><a href=\"")
        .append(url_quote(segment_for(entry.name)))
        .append(entry.is_directory ? "/" : "")
        .append("\">");
    page.append(html_escape(entry.name)).append(entry.is_link ? "@" : entry.is_directory ? "/" : "");
    page += "</a></li>\n";
  }
  page += "</ul>\n<hr>\n</body>\n</html>\n";
  return page;
}

}  // namespace cgi
