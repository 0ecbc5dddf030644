#include "script_lines.h"

#include <algorithm>
#include <utility>

#include "field_syntax.h"

namespace cgi {
namespace {

constexpr std::size_t kLongest = 4096;  // octets of a line of standard error
constexpr std::size_t kPerSecond = 100;

std::vector<std::string_view> lines_of(std::string_view output) {
  std::vector<std::string_view> lines;
  while (!output.empty()) {
    std::string_view line = cut(output, '\n');
    while (line.ends_with('\r')) line.remove_suffix(1);
    if (!line.empty()) lines.push_back(line);
  }
  return lines;
}

std::string shown(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon != line.npos && equals_ignoring_case(trim(line.substr(0, colon)), "set-cookie")) {
    return std::string(line.substr(0, colon)) + ": (not shown)";
  }
  std::string text(line.substr(0, kRefusedLine));
  if (text.size() < line.size()) text += "...[+" + std::to_string(line.size() - text.size()) + "]";
  return text;
}

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

std::vector<std::string> refused_lines(std::string_view output) {
  const std::vector<std::string_view> lines = lines_of(output.substr(0, kRefusedKept));
  const std::size_t most = kRefusedFirst + kRefusedLast;
  std::vector<std::string> excerpt;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (lines.size() > most && i == kRefusedFirst) {
      excerpt.push_back("... (" + std::to_string(lines.size() - most) + " lines left out)");
      i = lines.size() - kRefusedLast;
    }
    excerpt.push_back(shown(lines[i]));
  }
  return excerpt;
}

}  // namespace cgi
