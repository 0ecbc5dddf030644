#include "quoted_arguments.h"

#include <string_view>

namespace cgi {
namespace {

// Backslashes count only before a quote: there, and before the quote at the end, each one is doubled.
void append_quoted(std::string& line, std::string_view argument) {
  const bool in_quotes = argument.empty() || argument.find_first_of(" \t") != std::string_view::npos;
  std::size_t backslashes = 0;
  if (in_quotes) line += '"';
  for (const char c : argument) {
    if (c == '"') line.append(backslashes + 1, '\\');
    line += c;
    backslashes = c == '\\' ? backslashes + 1 : 0;
  }
  if (in_quotes) line.append(backslashes, '\\').append(1, '"');
}

}  // namespace

std::optional<std::string> quoted_arguments(const std::vector<std::string>& arguments) {
  std::string line;
  for (const std::string& argument : arguments) {
    if (argument.find('\0') != argument.npos) return std::nullopt;
    if (&argument != &arguments.front()) line += ' ';
    append_quoted(line, argument);
  }
  return line;
}

}  // namespace cgi
