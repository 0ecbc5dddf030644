#include "error_lines.h"

#include <algorithm>
#include <utility>

namespace cgi {
namespace {

constexpr std::size_t kLongest = 4096;
constexpr std::size_t kPerSecond = 100;

}  // namespace

std::vector<std::string> ErrorLines::take(std::string_view octets, Clock::time_point now) {
  std::vector<std::string> lines;
  while (!octets.empty()) {
    const std::size_t end = std::min(octets.find('\n'), octets.size());
    partial_.append(octets.substr(0, std::min(end, kLongest + 2 - partial_.size())));  // more is long, even with a CR
    if (end == octets.size()) break;
    add(lines, now);
    octets.remove_prefix(end + 1);
  }
  return lines;
}

std::vector<std::string> ErrorLines::finish() {
  std::vector<std::string> lines;
  if (!partial_.empty()) add(lines, second_begin_);
  if (left_out_ > 0) lines.push_back("... and " + std::to_string(left_out_) + " more lines");
  return lines;
}

void ErrorLines::add(std::vector<std::string>& lines, Clock::time_point now) {
  if (now - second_begin_ >= std::chrono::seconds(1)) {
    second_begin_ = now;
    in_second_ = 0;
  }
  std::string line = std::exchange(partial_, {});
  if (line.ends_with('\r')) line.pop_back();
  if (in_second_ == kPerSecond) {
    ++left_out_;
  } else {
    ++in_second_;
    if (line.size() > kLongest) line.replace(kLongest, line.npos, "...");
    lines.push_back(std::move(line));
  }
}

}  // namespace cgi
