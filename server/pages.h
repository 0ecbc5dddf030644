// The HTML pages of the server: the page of a refusal, in the words of CPython 3.13, and the page of a directory, as
// SimpleHTTPRequestHandler shows it. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace cgi {

inline constexpr std::string_view kErrorContentType = "text/html;charset=utf-8";
inline constexpr std::string_view kListingContentType = "text/html; charset=utf-8";

// Returns the page of a refusal with code, message and explanation. Escapes `reason`.
// rule: base/errors-are-html-pages, base/error-page-escapes-html, injection/html-in-error-page
std::string error_page(int status, std::string_view reason);

// Return the reason phrase of a status ("Not Found") and the sentence that explains it ("Nothing matches the given
// URI"); "???" for a status that CPython does not know.
std::string_view standard_reason(int status);
std::string_view explanation(int status);

struct ListingEntry {
  std::string name;           // the octets of the file name
  bool is_directory = false;  // after following a symbolic link
  bool is_link = false;
};

// Returns the page of a directory. The entries are sorted without regard to case (stable). A directory ends in '/' and
// a link in '@'; a link to a directory shows '@' and leads to the name with '/'. `target` is the request target as
// received: the title shows it decoded and escaped, with the query. A link encodes an octet that is not UTF-8 as itself
// ("%E7"). CPython encodes its surrogate. Both lead to the file (url_path.h).
// rule: base/directory-without-index-is-listed, base/listing-is-sorted-and-marked, base/listing-escapes-names
// rule: injection/html-in-listing, injection/listing-links-lead-to-files
std::string listing_page(std::string_view target, std::vector<ListingEntry> entries);

}  // namespace cgi
