#include "name_rules.h"

#include <algorithm>

#include "field_syntax.h"

namespace cgi {
namespace {

constexpr std::string_view kDevices[] = {"CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"};
constexpr std::string_view kNumberedDevices[] = {"COM", "LPT"};
constexpr std::string_view kSuperscripts[] = {"\xc2\xb9", "\xc2\xb2", "\xc2\xb3"};

// "COM1.txt" and "COM1 .txt" are the device, too.
bool is_device(std::string_view segment) {
  std::string_view name = segment.substr(0, segment.find('.'));
  name = name.substr(0, name.find_last_not_of(' ') + 1);
  if (is_one_of(kDevices, name)) return true;
  if (!is_one_of(kNumberedDevices, name.substr(0, 3))) return false;
  const std::string_view number = name.substr(3);
  return is_one_of(kSuperscripts, number) || (number.size() == 1 && number[0] >= '1' && number[0] <= '9');
}

}  // namespace

bool is_windows_file_name(std::string_view segment) {
  const auto is_forbidden = [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || std::string_view("<>:\"/\\|?*").find(c) != std::string_view::npos;
  };
  if (segment.empty() || segment.back() == '.' || segment.back() == ' ') return false;
  return std::ranges::none_of(segment, is_forbidden) && !is_device(segment);
}

std::string with_file_name(std::string variable) {
  if (variable.starts_with("PATH_TRANSLATED=") || variable.starts_with("SCRIPT_FILENAME=")) {
    std::replace(variable.begin(), variable.end(), '/', '\\');
  }
  return variable;
}

}  // namespace cgi
