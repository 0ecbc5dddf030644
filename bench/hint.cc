#include "hint.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "nearest.h"

namespace cgi::bench {

std::string hint(std::string_view word, const std::vector<std::string>& known, const std::string& otherwise) {
  const std::string best = nearest(word, known);
  return best.empty() ? otherwise : " (did you mean " + in_quotes(best) + "?)";
}

std::string file_hint(const std::string& path, const std::string& otherwise) {
  const std::filesystem::path missing = path;
  const auto folder = missing.has_parent_path() ? missing.parent_path() : std::filesystem::path(".");
  std::error_code error;
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    files.push_back(entry.path().filename().string());
  }
  std::sort(files.begin(), files.end());
  return hint(missing.filename().string(), files, otherwise);
}

}  // namespace cgi::bench
