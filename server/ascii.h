// Classes and case of ASCII characters. The functions of <cctype> depend on the locale.
#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

namespace cgi {

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
// A tab is not a control here.
constexpr bool is_control(char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f; }
constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// The letters, the digits, and a few characters more.
class CharacterSet {
 public:
  constexpr explicit CharacterSet(std::string_view others) {
    for (unsigned c = 0; c < has_.size(); ++c) {
      const char one = static_cast<char>(c);
      has_[c] = is_letter(one) || is_digit(one) || others.find(one) != others.npos;
    }
  }
  constexpr bool has(char c) const { return has_[static_cast<unsigned char>(c)]; }
  constexpr bool has_all(std::string_view text) const {
    return std::all_of(text.begin(), text.end(), [this](char c) { return has(c); });
  }

 private:
  std::array<bool, 256> has_{};
};

inline std::string lowered(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = lower(c);
  return out;
}

// Returns the value of a hexadecimal digit, or -1.
constexpr int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  return lower(c) >= 'a' && lower(c) <= 'f' ? lower(c) - 'a' + 10 : -1;
}

// Returns whether `text` is one digit or more, and nothing else.
constexpr bool is_number(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
}

// Returns the number that `text` is. Returns nothing if it is none, or too large for the type.
template <typename Number>
std::optional<Number> to_number(std::string_view text) {
  Number number = 0;
  const bool fits = std::from_chars(text.data(), text.data() + text.size(), number).ec == std::errc();
  return fits && is_number(text) ? std::optional(number) : std::nullopt;
}

}  // namespace cgi
