#include "script_program.h"

#include "ascii.h"
#include "field_syntax.h"

namespace cgi {
namespace {

constexpr std::string_view kBatch[] = {".bat", ".cmd"};
constexpr std::string_view kShells[] = {"cmd", "powershell"};
constexpr std::string_view kPython[] = {".py", ".pyw"};

std::string_view suffix_of(std::string_view name) {
  const std::size_t dot = name.rfind('.');
  return dot == name.npos ? std::string_view() : name.substr(dot);
}

// Returns "perl" of "/usr/bin/perl" and of "C:\perl\bin\perl.exe".
std::string_view base_name(std::string_view path) {
  path.remove_prefix(path.find_last_of("/\\") + 1);
  if (equals_ignoring_case(suffix_of(path), ".exe")) path.remove_suffix(4);
  return path;
}

std::vector<std::string> words_of(std::string_view line) {
  std::vector<std::string> words;
  for (line = trim(line); !line.empty(); line = trim(line)) {
    const std::size_t end = std::min(line.find_first_of(" \t"), line.size());
    words.emplace_back(line.substr(0, end));
    line.remove_prefix(end);
  }
  return words;
}

// "python3.11" is "python" on Windows.
std::string program_name(std::string_view path) {
  const std::string_view name = base_name(path);
  return name.starts_with("python") ? "python" : std::string(name);
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
  std::string_view line = start.substr(2, start.find_first_of("\r\n") - 2);
  std::vector<std::string> words = words_of(line);
  if (!words.empty() && base_name(words.front()) == "env") words.erase(words.begin());
  if (words.empty()) return std::nullopt;
  words.front() = program_name(words.front());
  if (words.front().empty() || reads_commands(words.front())) return std::nullopt;
  return words;
}

}  // namespace cgi
