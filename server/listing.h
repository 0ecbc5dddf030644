// A directory as a page, as SimpleHTTPRequestHandler shows it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace cgi {

inline constexpr std::string_view kListingContentType = "text/html; charset=utf-8";

struct ListingEntry {
  std::string name;           // octets of the file name
  bool is_directory = false;  // after following a symbolic link
  bool is_link = false;
};

// HTML with the entries sorted case-insensitively (stable); directories end in '/', links in '@', a link to a
// directory is shown with '@' and linked with '/'. `target` is the request target as received: the title
// shows it decoded and escaped, query included. An octet that is no UTF-8 is linked as itself ("%E7"), where CPython
// links its surrogate; both lead to the file (url_path.h).
// rule: base/directory-without-index-is-listed, base/listing-is-sorted-and-marked, base/listing-escapes-names
// rule: injection/html-in-listing, injection/listing-links-lead-to-files
std::string listing_page(std::string_view target, std::vector<ListingEntry> entries);

}  // namespace cgi
