#include "nearest.h"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <utility>

namespace cgi {
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

std::string nearest(std::string_view word, const std::vector<std::string>& known) {
  word = word.substr(0, 64);
  std::string best;
  std::size_t least = word.size() / 3 + 1;
  for (const std::string& each : known) {
    const std::size_t needed = word.size() > 3 && each.starts_with(word) ? 0 : changes(word, each);
    if (needed >= least) continue;
    least = needed;
    best = each;
  }
  return best;
}

}  // namespace cgi
