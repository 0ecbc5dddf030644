#include "script_program.h"

#include "field_syntax.h"

namespace cgi {
namespace {

constexpr std::string_view kBatch[] = {".bat", ".cmd"};
constexpr std::string_view kShells[] = {"cmd", "powershell"};
constexpr std::string_view kPython[] = {".py", ".pyw"};

std::string_view suffix_of(std::string_view name) { return name.substr(std::min(name.rfind('.'), name.size())); }

// Returns "perl" of "/usr/bin/perl" and of "C:\perl\bin\perl.exe".
std::string_view base_name(std::string_view path) {
  path.remove_prefix(path.find_last_of("/\\") + 1);
  if (equals_ignoring_case(suffix_of(path), ".exe")) path.remove_suffix(4);
  return path;
}

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

bool reads_commands(std::string_view program) {
  return is_one_of(kBatch, suffix_of(program)) || is_one_of(kShells, base_name(program));
}

std::optional<std::vector<std::string>> words_before_script(std::string_view name, std::string_view start,
                                                            std::span<const Interpreter> interpreters) {
  const std::string_view suffix = suffix_of(name);
  if (reads_commands(name)) return std::nullopt;
  for (const Interpreter& interpreter : interpreters) {
    if (!equals_ignoring_case(suffix, interpreter.suffix)) continue;
    if (reads_commands(interpreter.program)) return std::nullopt;
    return std::vector{interpreter.program};
  }
  if (start.starts_with("MZ")) return std::vector<std::string>();
  if (is_one_of(kPython, suffix)) return std::vector<std::string>{"python", "-u"};
  if (!start.starts_with("#!")) return std::nullopt;
  std::string line(start.substr(2, start.find_first_of("\r\n") - 2));
  std::ranges::replace(line, '\t', ' ');
  std::vector<std::string> words;
  for (std::string_view rest = trim(line); !rest.empty(); rest = trim(rest)) words.emplace_back(cut(rest, ' '));
  if (!words.empty() && base_name(words.front()) == "env") words.erase(words.begin());
  if (words.empty()) return std::nullopt;
  words.front() = std::string(base_name(words.front()));
  if (words.front().starts_with("python")) words.front() = "python";  // "python3.11" is "python" on Windows
  if (words.front().empty() || reads_commands(words.front())) return std::nullopt;
  return words;
}

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
