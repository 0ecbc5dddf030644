#include "nearest.h"

#include <algorithm>
#include <filesystem>
#include <numeric>
#include <utility>

namespace cgi::bench {
namespace {

// Returns how many letters must be added, removed or replaced to turn one word into the other.
std::size_t changes(std::string_view from, std::string_view to) {
  std::vector<std::size_t> row(to.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < from.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < to.size(); ++j) {
      const std::size_t replaced = diagonal + (from[i] == to[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

}  // namespace

std::string hint(std::string_view word, const std::vector<std::string>& known, const std::string& otherwise) {
  std::size_t least = word.size() / 3 + 1;
  const std::string* best = nullptr;
  for (const auto& each : known) {
    const std::size_t needed = word.size() > 3 && each.starts_with(word) ? 0 : changes(word.substr(0, 64), each);
    if (needed >= least) continue;
    least = needed;
    best = &each;
  }
  return best == nullptr ? otherwise : " (did you mean \"" + *best + "\"?)";
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
