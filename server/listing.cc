#include "listing.h"

#include <algorithm>

#include "ascii.h"
#include "quote.h"
#include "url_path.h"

namespace cgi {
namespace {

bool less_ignoring_case(const ListingEntry& a, const ListingEntry& b) {
  // Compares octets: UTF-8 sorts like the code points that Python compares.
  const auto octet = [](char c) { return static_cast<unsigned char>(lower(c)); };
  return std::ranges::lexicographical_compare(a.name, b.name, {}, octet, octet);
}

}  // namespace

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
