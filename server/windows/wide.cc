#include "wide.h"

#include <windows.h>

#include <array>

namespace cgi {
namespace {

// Returns an empty text if the conversion fails.
std::wstring converted(std::string_view octets, DWORD flags) {
  const int size = static_cast<int>(octets.size());
  std::wstring out(static_cast<std::size_t>(::MultiByteToWideChar(CP_UTF8, flags, octets.data(), size, nullptr, 0)), 0);
  ::MultiByteToWideChar(CP_UTF8, flags, octets.data(), size, out.data(), static_cast<int>(out.size()));
  return out;
}

}  // namespace

std::optional<std::wstring> wide(std::string_view octets) {
  if (octets.find('\0') != octets.npos) return std::nullopt;
  std::wstring out = converted(octets, MB_ERR_INVALID_CHARS);
  if (out.empty() && !octets.empty()) return std::nullopt;
  return out;
}

std::wstring wide_enough(std::string_view octets) { return converted(octets, 0); }

std::string narrow(std::wstring_view characters) {
  const int size = static_cast<int>(characters.size());
  const int needed = ::WideCharToMultiByte(CP_UTF8, 0, characters.data(), size, nullptr, 0, nullptr, nullptr);
  std::string out(static_cast<std::size_t>(needed), 0);
  ::WideCharToMultiByte(CP_UTF8, 0, characters.data(), size, out.data(), needed, nullptr, nullptr);
  return out;
}

std::string error_text(unsigned long error) {
  std::array<wchar_t, 512> text{};
  constexpr DWORD kFlags = FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS;
  DWORD size = ::FormatMessageW(kFlags, nullptr, error, 0, text.data(), text.size(), nullptr);
  while (size > 0 && (text[size - 1] < L' ' || text[size - 1] == L'.' || text[size - 1] == L' ')) --size;
  if (size == 0) return "error " + std::to_string(error);
  return narrow({text.data(), size});
}

}  // namespace cgi
