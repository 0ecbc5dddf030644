// Makes the page of a directory, and reads it as a browser does. It must hold every entry once, in order and with its
// name as text, and each link must lead to its entry. The data is the target up to the first LF, and then the entries
// with '/' between them. The first octet of an entry says if it is a directory (bit 0) and a link (bit 1).

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "field_syntax.h"
#include "pages.h"
#include "require.h"
#include "unescaped.h"
#include "url_path.h"

namespace {

using cgi::ListingEntry;
using cgi::require;

// Cuts the text up to `end` off the page, and drops `end`.
std::string_view cut_at(std::string_view& page, std::string_view end) {
  const std::size_t at = page.find(end);
  require(at != page.npos);
  const std::string_view text = page.substr(0, at);
  page.remove_prefix(at + end.size());
  return text;
}

void require_item(std::string_view& page, const ListingEntry& entry) {
  require(cut_at(page, "<li><a href=\"").empty());
  const std::string_view href = cut_at(page, "\">");
  for (char c : href) require(cgi::is_letter(c) || cgi::is_digit(c) || std::string_view("%/_.-~").find(c) != href.npos);
  const auto target = cgi::parse_target("/directory/" + std::string(href));
  require(target && target->segments.size() == 2 && target->is_directory == entry.is_directory);
  require(cgi::file_name(target->segments[1]) == entry.name);
  const std::string_view text = cut_at(page, "</a></li>\n");
  require(cgi::unescaped(text) == entry.name + (entry.is_link ? "@" : entry.is_directory ? "/" : ""));
}

std::vector<ListingEntry> entries_of(std::string_view names) {
  std::vector<ListingEntry> entries;
  while (!names.empty()) {
    const std::string_view name = cgi::cut(names, '/');
    if (name.size() < 2 || name.find('\0') != name.npos) continue;
    const ListingEntry entry{std::string(name.substr(1)), (name[0] & 1) != 0, (name[0] & 2) != 0};
    if (entry.name != "." && entry.name != "..") entries.push_back(entry);
  }
  return entries;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view names(reinterpret_cast<const char*>(data), size);
  const std::string_view target = cgi::cut(names, '\n');
  std::vector<ListingEntry> entries = entries_of(names);
  const std::string whole = cgi::listing_page(target, entries);

  std::string_view page = whole;
  cut_at(page, "<title>");
  const std::string title = cgi::unescaped(cut_at(page, "</title>"));
  cut_at(page, "<h1>");
  require(cgi::unescaped(cut_at(page, "</h1>")) == title && title.starts_with("Directory listing for "));
  cut_at(page, "<ul>\n");
  std::stable_sort(entries.begin(), entries.end(), [](const ListingEntry& a, const ListingEntry& b) {
    return cgi::lowered(a.name) < cgi::lowered(b.name);
  });
  for (const ListingEntry& entry : entries) require_item(page, entry);
  require(page == "</ul>\n<hr>\n</body>\n</html>\n");
  return 0;
}
