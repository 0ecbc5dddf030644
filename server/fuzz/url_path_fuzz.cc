// Feeds octets to the target parser. No segment and no file name may be ".." or hold a slash, every file name must have
// a segment, and no redirect may name another host.

#include <cstdint>

#include "../tests/path_of_target.h"
#include "quote.h"
#include "require.h"
#include "url_path.h"

using cgi::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view target(reinterpret_cast<const char*>(data), size);
  const auto parsed = cgi::parse_target(target);
  if (!parsed) return 0;
  for (const std::string& segment : parsed->segments) {
    require(!segment.empty() && segment != "." && segment != "..");
    require(segment.find_first_of(std::string_view("/\0", 2)) == std::string::npos);
    const std::string name = cgi::file_name(segment);
    require(!name.empty() && name != "." && name != "..");
    require(name.find_first_of(std::string_view("/\0", 2)) == std::string::npos);
    require(cgi::file_name(cgi::segment_for(name)) == name && cgi::file_name(cgi::segment_for(segment)) == segment);
  }
  // The encoded path must have the same result.
  const auto again = cgi::parse_target(cgi::url_quote(cgi::path_of_target(*parsed)));
  require(again && cgi::path_of_target(*again) == cgi::path_of_target(*parsed) && again->segments == parsed->segments);
  const auto directory = cgi::cgi_directory_of(*parsed, {"/cgi-bin", "/a/b"});
  require(!directory || (*directory >= 1 && *directory <= parsed->segments.size()));
  require(cgi::cgi_directory_of(*parsed, {"/", "/cgi-bin", "/a/b"}) == directory.value_or(0));

  const std::string location = cgi::slash_redirect(*parsed);
  require(!location.empty() && location.substr(0, 2) != "//" && location.find('\\') >= location.find_first_of("?#"));
  const std::size_t colon = location.find(':');
  require(colon == std::string::npos || location.find_first_of("/?#") < colon);
  for (char c : location) require(c > 0x20 && c < 0x7f);
  return 0;
}
