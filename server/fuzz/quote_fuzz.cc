// Escapes text in every way, and reads it again. Nothing may be lost, and no octet may be left that a status line, a
// page, a link or a line of the log must not hold.

#include <cstdint>
#include <string>

#include "ascii.h"
#include "pages.h"
#include "quote.h"
#include "require.h"
#include "unescaped.h"

namespace {

using cgi::require;

// Returns the text of a line with escapes \xHH, \t, \n, \r, \\, \' and \".
std::string without_backslashes(std::string_view line) {
  std::string text;
  for (std::size_t i = 0; i < line.size(); ++i) {
    require(line[i] >= 0x20 && line[i] <= 0x7e);
    if (line[i] != '\\') {
      text += line[i];
      continue;
    }
    require(++i < line.size());
    const std::size_t known = std::string_view("tnr\\'\"").find(line[i]);
    if (known != std::string_view::npos) {
      text += "\t\n\r\\'\""[known];
      continue;
    }
    require(line[i] == 'x' && i + 2 < line.size());
    const int high = cgi::hex_value(line[i + 1]), low = cgi::hex_value(line[i + 2]);
    require(high >= 0 && low >= 0);
    text += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);

  const std::string repr = cgi::python_repr(text);
  require(repr.size() >= 2 && (repr.front() == '\'' || repr.front() == '"') && repr.back() == repr.front());
  const std::string inside = repr.substr(1, repr.size() - 2);
  require(without_backslashes(inside) == text);
  for (std::size_t i = 0; i < inside.size(); i += inside[i] == '\\' ? 2 : 1) require(inside[i] != repr.front());
  require(cgi::excerpt(text).size() <= 2 + 60 * 4 + 3);

  if (size <= 4096) require(without_backslashes(cgi::log_escape(text)) == text);

  const std::string quoted = cgi::url_quote(text);
  for (char c : quoted) {
    require(cgi::is_letter(c) || cgi::is_digit(c) || std::string_view("%/_.-~").find(c) != std::string_view::npos);
  }
  require(cgi::url_unquote(quoted) == text && cgi::url_unquote(text).size() <= size);

  require(cgi::unescaped(cgi::html_escape(text)) == text);
  // The text of the client must change one place of the page.
  const std::string page = cgi::error_page(404, text), empty = cgi::error_page(404, "");
  const std::size_t at = empty.find("Message: ") + 9;
  require(page.compare(0, at, empty, 0, at) == 0 && page.ends_with(empty.substr(at)));
  require(cgi::unescaped(page.substr(at, page.size() - empty.size())) == text);
  return 0;
}
