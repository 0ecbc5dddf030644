// Where a request target leads: from the octets of the request line to a path below the document root.
//
// The CGI router and the file mapper of CPython take the target apart separately, and disagree about '#'
// and about escapes that decode to escapes (disclosure-1, disclosure-3: script source is served, programs
// outside cgi-bin run). Here one parse serves both: split at '?', cut at '#', decode once, collapse.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cgi {

// A request target taken apart. All members are octets, decoded unless said otherwise.
struct TargetPath {
  std::vector<std::string> segments;  // never ".", ".." or empty
  bool is_directory = false;          // nothing, '/', "." or ".." follows the last segment
  std::string raw_path;               // before '?' and '#', still encoded, without surplus leading slashes
  std::string query;                  // after the first '?', still encoded
  std::string fragment;  // after a '#' ahead of the query, '?' and all, still encoded: only a redirect repeats it

  // "/a/b" or "/a/b/"; "/" for the root.
  std::string path() const;
};

// Takes a target apart. Returns nothing if it climbs above the root or holds a NUL after decoding:
// both are answered with 400 rather than repaired.  Seed 13; RFC 3875 3.3, 9.8.
std::optional<TargetPath> parse_target(std::string_view target);

// How many leading segments name a directory of `cgi_directories` ("/cgi-bin", "/app/deep/scripts"), if
// more segments, or a slash, follow them; the shortest match wins, as in CPython's is_cgi(). Seed 21-26.
std::optional<std::size_t> cgi_directory_of(const TargetPath& target, const std::vector<std::string>& cgi_directories);

// The Location of the redirect that adds the missing slash: the raw path, '/', the query and the fragment (if they
// are not empty; what follows a '#' is no query here). Never a reference to another host: "//host", "/\host" and
// "scheme:" are made harmless, and controls and spaces are encoded.  base-45, base-46, injection-1, injection-2.
std::string slash_redirect(const TargetPath& target);

}  // namespace cgi
