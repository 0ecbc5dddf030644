// The path of a parsed target, for tests and fuzz targets.
#pragma once

#include <string>

#include "url_path.h"

namespace cgi {

// Returns "/a/b" or "/a/b/"; "/" for the root.
inline std::string path_of_target(const TargetPath& target) {
  std::string path;
  for (const std::string& segment : target.segments) path.append("/").append(segment);
  if (target.is_directory || target.segments.empty()) path += '/';
  return path;
}

}  // namespace cgi
