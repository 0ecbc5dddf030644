// The page of a directory, as SimpleHTTPRequestHandler shows it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace cgi {

inline constexpr std::string_view kListingContentType = "text/html; charset=utf-8";

struct ListingEntry {
  std::string name;           // the octets of the file name
  bool is_directory = false;  // after following a symbolic link
  bool is_link = false;
};

// Returns the page. The entries are sorted without regard to case (stable). A directory ends in '/' and a link in '@';
// a link to a directory shows '@' and leads to the name with '/'. `target` is the request target as received: the title
// shows it decoded and escaped, with the query. A link encodes an octet that is not UTF-8 as itself ("%E7"). CPython
// encodes its surrogate. Both lead to the file (url_path.h).
// rule: base/directory-without-index-is-listed, base/listing-is-sorted-and-marked, base/listing-escapes-names
// rule: injection/html-in-listing, injection/listing-links-lead-to-files
std::string listing_page(std::string_view target, std::vector<ListingEntry> entries);

}  // namespace cgi
