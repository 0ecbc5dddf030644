// Where a request target leads: from the octets of the request line to a path below the document root.
//
// The CGI router and the file mapper of CPython take the target apart separately, and disagree about '#'
// and about escapes that decode to escapes: its server shows the source of scripts, and runs programs outside
// cgi-bin. Here one parse serves both: split at '?', cut at '#', decode once, collapse.
// rule: disclosure/fragment, disclosure/double-decoding
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cgi {

// A request target taken apart. All members are octets, decoded unless said otherwise.
struct TargetPath {
  std::vector<std::string> segments;  // never ".", ".." or empty; file_name() says which names they are
  bool is_directory = false;          // nothing, '/', "." or ".." follows the last segment
  std::string raw_path;               // before '?' and '#', still encoded, without surplus leading slashes
  std::string query;                  // after the first '?', still encoded
  std::string fragment;  // after a '#' ahead of the query, '?' and all, still encoded: only a redirect repeats it

  // "/a/b" or "/a/b/"; "/" for the root.
  std::string path() const;
};

// Takes a target apart. Returns nothing if it climbs above the root or holds a NUL after decoding:
// the server refuses both with 400 and does not repair them.  (RFC 3875 3.3, 9.8)
// rule: traversal/above-root, traversal/encoded-dot-segments, base/encoded-nul-is-refused, disclosure/nul-in-path
// rule: base/path-is-decoded-once, base/leading-slashes-become-one, base/query-from-first-question-mark
// rule: seed/script-runs-by-any-spelling, seed/resolved-path-decides-cgi, cgi/dots-resolved-before-path-is-split
std::optional<TargetPath> parse_target(std::string_view target);

// The file name that a segment stands for. CPython's listings link an octet that is no UTF-8 as its surrogate: the
// octet E7 is U+DCE7, which is "%ED%B3%A7". So the octets ED B2 80 … ED B3 BF, which no UTF-8 text holds, always mean
// one octet 80 … FF, and "%E7" and "%ED%B3%A7" are one name: the decision needs no look at the disk. Only octets above
// 7F come of it, and '/', '.' and NUL do not. A name that holds ED B3 A7 itself is reached as CPython links it, by the
// surrogates of each of the three. Not to be applied twice.
// rule: mapping/surrogate-is-its-octet, traversal/surrogate-of-a-separator
std::string file_name(std::string_view segment);

// The segment that stands for a file name: its inverse, for links. Only octets that file_name() would change are
// written as surrogates.
std::string segment_for(std::string_view file_name);

// How many leading segments name a directory of `cgi_directories` ("/cgi-bin", "/app/deep/scripts"), if
// more segments, or a slash, follow them; the shortest match wins, as in CPython's is_cgi(). 0 if none does, but "/" is
// one of them: its scripts are the files of the root itself (route.h).
// rule: seed/resolved-path-decides-cgi, seed/no-other-cgi-directory-by-default, seed/cgi-directories-are-configurable
std::optional<std::size_t> cgi_directory_of(const TargetPath& target, const std::vector<std::string>& cgi_directories);

// The Location of the redirect that adds the missing slash: the raw path, '/', the query and the fragment (if they
// are not empty; what follows a '#' is no query here). Never a reference to another host: "//host", "/\host" and
// "scheme:" are made harmless, and controls and spaces are encoded.
// rule: base/directory-without-slash-is-301, base/directory-redirect-adds-no-host
// rule: injection/redirect-host-by-two-slashes, injection/redirect-host-by-backslash
std::string slash_redirect(const TargetPath& target);

}  // namespace cgi
