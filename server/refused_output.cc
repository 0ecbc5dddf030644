#include "refused_output.h"

#include "field_syntax.h"

namespace cgi {
namespace {

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
