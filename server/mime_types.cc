#include "mime_types.h"

#include <span>
#include <sstream>
#include <utility>

#include "built_in_data.h"
#include "field_syntax.h"

namespace cgi {
namespace {

using Pair = std::pair<std::string_view, std::string_view>;

// SimpleHTTPRequestHandler asks here first: a compressed file is one, not what it holds.
constexpr Pair kCompressed[] = {{".gz", "application/gzip"},
                                {".Z", "application/octet-stream"},
                                {".bz2", "application/x-bzip2"},
                                {".xz", "application/x-xz"}};

// Each stands for two suffixes. The outer one is an encoding, which does not change the type.
constexpr Pair kShort[] = {{".svgz", ".svg"}, {".tgz", ".tar"},  {".taz", ".tar"},
                           {".tz", ".tar"},   {".tbz2", ".tar"}, {".txz", ".tar"}};

// Python knows Brotli as an encoding, but its handler has no type for it.
constexpr std::string_view kBrotli = ".br";

constexpr std::string_view kUnknown = "application/octet-stream";

std::string_view find(std::span<const Pair> table, std::string_view suffix) {
  for (const auto& [key, value] : table) {
    if (key == suffix) return value;
  }
  return {};
}

// Returns the last suffix of a path with its dot, as os.path.splitext() does; none for a name like ".profile".
std::string_view suffix_of(std::string_view path) {
  const std::string_view name = path.substr(path.find_last_of('/') + 1);
  const std::size_t dot = name.find_last_of('.');
  if (dot == name.npos || name.find_first_not_of('.') > dot) return {};
  return name.substr(dot);
}

}  // namespace

MimeTypes::MimeTypes() { add(kBuiltInTypes); }

void MimeTypes::add(std::string_view mime_types_file) {
  while (!mime_types_file.empty()) {
    std::istringstream line{std::string(cut(mime_types_file, '\n'))};
    std::string type;
    line >> type;
    if (type.starts_with('#')) continue;
    for (std::string suffix; line >> suffix && !suffix.starts_with('#');) types_.insert_or_assign("." + suffix, type);
  }
}

std::string_view MimeTypes::type_of(std::string_view name) const {
  std::string_view suffix = suffix_of(name);
  std::string lower_case = lowered(suffix);
  for (const std::string_view candidate : {suffix, std::string_view(lower_case)}) {
    if (const std::string_view type = find(kCompressed, candidate); !type.empty()) return type;
  }
  if (const std::string_view inner = find(kShort, lower_case); !inner.empty()) {
    lower_case = inner;
  } else if (suffix == kBrotli) {
    lower_case = lowered(suffix_of(name.substr(0, name.size() - suffix.size())));
  }
  const auto found = types_.find(lower_case);
  return found != types_.end() ? std::string_view(found->second) : kUnknown;
}

}  // namespace cgi
