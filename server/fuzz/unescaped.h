// Reads escaped text again, for fuzz targets. Aborts if the text is not escaped.
#pragma once

#include <string>
#include <string_view>

#include "require.h"

namespace cgi {

// Returns the text of HTML: a '<' or '>', or an '&' that begins none of three entities, aborts.
inline std::string unescaped(std::string_view html) {
  std::string text;
  for (std::size_t i = 0; i < html.size(); ++i) {
    require(html[i] != '<' && html[i] != '>');
    const std::string_view rest = html.substr(i);
    if (html[i] != '&') {
      text += html[i];
    } else if (rest.starts_with("&amp;")) {
      text += '&', i += 4;
    } else {
      require(rest.starts_with("&lt;") || rest.starts_with("&gt;"));
      text += rest[1] == 'l' ? '<' : '>', i += 3;
    }
  }
  return text;
}

}  // namespace cgi
