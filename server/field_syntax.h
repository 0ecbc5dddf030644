// The grammar that the fields of clients and of scripts share. Pure. RFC 9110 5.
#pragma once

#include <cstddef>
#include <string_view>

#include "ascii.h"

namespace cgi {

// Returns whether `text` can be the name of a field or a method. RFC 9110 5.6.2.
bool is_token(std::string_view text);

// Field names are ASCII, so only ASCII letters have case.
inline bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return lower(x) == lower(y); });
}

// Returns whether `names` holds `name`, in any case.
template <std::size_t N>
bool is_one_of(const std::string_view (&names)[N], std::string_view name) {
  return std::any_of(names, names + N, [&](std::string_view one) { return equals_ignoring_case(one, name); });
}

// Returns `text` without the spaces and tabs around it.
std::string_view trim(std::string_view text);

// Cuts the part before the first `separator` off `text`, and drops the separator. Without one, it takes everything.
std::string_view cut(std::string_view& text, char separator);

// Returns where the header section of a script's output ends, behind the first empty line (CR LF or LF); npos if it has
// no end. The first `seen` octets are known not to hold the end and are not searched again.
// rule: cgi/header-lines-may-end-in-crlf
std::size_t header_section_end(std::string_view output, std::size_t seen = 0);

}  // namespace cgi
