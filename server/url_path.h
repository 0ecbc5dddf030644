// From a request target to a path below the document root.
//
// CPython's CGI router and file mapper parse the target separately. They disagree about '#' and about escapes that
// decode to escapes, so CPython shows the source of scripts and runs programs outside cgi-bin. Here one parse serves
// both: it splits at '?', cuts at '#', decodes once, and collapses dot segments.
// rule: disclosure/fragment, disclosure/double-decoding, disclosure/any-spelling
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cgi {

// A request target taken apart. All members are octets, decoded unless said otherwise.
struct TargetPath {
  std::vector<std::string> segments;  // never ".", ".." or empty; file_name() turns each into a name
  bool is_directory = false;          // the last part of the path is empty, "." or ".."
  std::string raw_path;               // before '?' and '#', still encoded, without extra leading slashes
  std::string query;                  // after the first '?', still encoded
  std::string fragment;  // after a '#' before the query, with any '?', still encoded; only a redirect repeats it
};

// Parses a target. Returns nothing if it climbs above the root ("too many ..") or holds a NUL after decoding: the
// server refuses both with 400.  (RFC 3875 3.3, 9.8)
// rule: traversal/above-root, traversal/encoded-dot-segments, base/encoded-nul-is-refused, disclosure/nul-in-path
// rule: base/path-is-decoded-once, base/leading-slashes-become-one, base/query-from-first-question-mark
// rule: seed/script-runs-by-any-spelling, seed/resolved-path-decides-cgi, cgi/dots-resolved-before-path-is-split
std::optional<TargetPath> parse_target(std::string_view target);

// Returns the file name of a segment. CPython's listings encode an octet that is not UTF-8 as its surrogate: the octet
// E7 is U+DCE7, which is "%ED%B3%A7". So the octets ED B2 80 … ED B3 BF, which valid UTF-8 never holds, always mean one
// octet 80 … FF, and "%E7" and "%ED%B3%A7" are the same name. The result does not depend on the disk. The decoded
// octets are above 7F, so '/', '.' and NUL never appear. A name that holds ED B3 A7 itself has the link that CPython
// gives it: the surrogates of the three octets. Callers must not apply this function twice.
// rule: mapping/surrogate-is-its-octet, traversal/surrogate-of-a-separator
std::string file_name(std::string_view segment);

// Returns the segment of a file name, for links: the inverse of file_name(). Only octets that file_name() would change
// become surrogates.
std::string segment_for(std::string_view file_name);

// Returns how many leading segments name a directory of `cgi_directories` ("/cgi-bin", "/app/deep/scripts"). More
// segments, or a slash, must follow them. The shortest match wins, as in CPython's is_cgi(). Returns 0 if only "/" of
// `cgi_directories` matches: its scripts are the files of the root itself (route.h).
// rule: seed/resolved-path-decides-cgi, seed/no-other-cgi-directory-by-default, seed/cgi-directories-are-configurable
std::optional<std::size_t> cgi_directory_of(const TargetPath& target, const std::vector<std::string>& cgi_directories);

// Returns the Location of the redirect that adds the missing slash: the raw path, '/', the query and the fragment,
// unless they are empty. A '?' after a '#' begins no query. The result never names another host: it does not begin with
// "//host", "/\host" or "scheme:". Controls and spaces are encoded.
// rule: base/directory-without-slash-is-301, base/directory-redirect-adds-no-host
// rule: injection/redirect-host-by-two-slashes, injection/redirect-host-by-backslash, injection/line-end-in-redirect
std::string slash_redirect(const TargetPath& target);

}  // namespace cgi
