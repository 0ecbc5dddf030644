// The media types of files.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>

namespace cgi {

// Finds types by suffix, as Python 3.13's SimpleHTTPRequestHandler.guess_type() does: .gz, .Z, .bz2 and .xz have types
// of their own. .tgz, .svgz and the like have the type of what they hold. The suffix is tried as written, then in lower
// case. Other files are application/octet-stream.  rule: base/type-follows-suffix
class MimeTypes {
 public:
  // Knows the built-in table only.
  MimeTypes();

  // Adds the lines of a mime.types file ("type suffix suffix …", '#' comments). They replace built-in ones.
  void add(std::string_view mime_types_file);

  // Returns the number of suffixes that have a type.
  std::size_t size() const { return types_.size(); }

  // Returns the type of the file `name`, which may be a path.
  std::string_view type_of(std::string_view name) const;

 private:
  std::unordered_map<std::string, std::string> types_;  // ".txt" → "text/plain"
};

}  // namespace cgi
