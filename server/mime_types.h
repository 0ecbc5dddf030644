// The media type of a file, by its suffix.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>

namespace cgi {

// Suffix → type as Python 3.13's SimpleHTTPRequestHandler.guess_type() finds it: .gz .Z .bz2 .xz have types
// of their own; .tgz, .svgz and their kin are taken for what they hold; the suffix is tried as written, then
// in lower case; application/octet-stream for the rest.  rule: base/type-follows-suffix
class MimeTypes {
 public:
  // The built-in table only.
  MimeTypes();

  // Adds the lines of a mime.types file ("type suffix suffix …", '#' comments), which replace built-in ones.
  void add(std::string_view mime_types_file);

  // Returns the number of suffixes that have a type.
  std::size_t size() const { return types_.size(); }

  // The type of the file called `name` (a path is fine).
  std::string_view type_of(std::string_view name) const;

 private:
  std::unordered_map<std::string, std::string> types_;  // ".txt" → "text/plain"
};

}  // namespace cgi
