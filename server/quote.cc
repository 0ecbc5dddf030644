#include "quote.h"

#include <cstddef>

#include "ascii.h"

namespace cgi {
namespace {

// Appends the two digits of an octet.
void append_hex(std::string& out, char octet, const char* digits) {
  out += digits[static_cast<unsigned char>(octet) >> 4];
  out += digits[static_cast<unsigned char>(octet) & 15];
}

}  // namespace

std::string escaped(std::string_view text, char quote, std::string_view hex, bool named) {
  std::string out;
  out.reserve(text.size() + 16);
  for (char c : text) {
    const auto octet = static_cast<unsigned char>(c);
    if (c == quote || c == '\\') {
      out += '\\';
      out += c;
    } else if (named && (c == '\t' || c == '\n' || c == '\r')) {
      out += c == '\t' ? "\\t" : c == '\n' ? "\\n" : "\\r";
    } else if (octet < 0x20 || octet > 0x7e) {
      append_hex(out += hex, c, "0123456789abcdef");
    } else {
      out += c;
    }
  }
  return out;
}

std::string python_repr(std::string_view text) {
  // Python uses double quotes only if that saves an escape.
  const bool only_single = text.find('\'') != text.npos && text.find('"') == text.npos;
  const char quote = only_single ? '"' : '\'';
  return quote + escaped(text, quote, "\\x", true) + quote;
}

std::string excerpt(std::string_view text) {
  constexpr std::size_t kLength = 60;
  return python_repr(text.substr(0, kLength)) + (text.size() > kLength ? "..." : "");
}

std::string log_escape(std::string_view text) {
  constexpr std::size_t kLongest = 4096;
  std::string out = escaped(text.substr(0, kLongest), '\\', "\\x");
  if (text.size() > kLongest) out += "...[+" + std::to_string(text.size() - kLongest) + "]";
  return out;
}

std::string in_quotes(std::string_view text) { return "\"" + log_escape(text) + "\""; }

std::string html_escape(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (char c : text) {
    if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else {
      out += c;
    }
  }
  return out;
}

std::string url_quote(std::string_view text) {
  static constexpr CharacterSet kPlain("-._~/");
  std::string out;
  out.reserve(text.size());
  for (char c : text) {
    if (kPlain.has(c)) {
      out += c;
      continue;
    }
    append_hex(out += '%', c, "0123456789ABCDEF");
  }
  return out;
}

std::string url_unquote(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      const int high = hex_value(text[i + 1]);
      const int low = hex_value(text[i + 2]);
      if (high >= 0 && low >= 0) {
        out += static_cast<char>(high * 16 + low);
        i += 2;
        continue;
      }
    }
    out += text[i];
  }
  return out;
}

}  // namespace cgi
