// The little grammar that the field lines of clients and of scripts share. Pure. RFC 9110 5.
#pragma once

#include <string_view>

namespace cgi {

// Whether `text` can be the name of a field or a method. RFC 9110 5.6.2.
bool is_token(std::string_view text);

// ASCII only: field names have no other letters.
bool equals_ignoring_case(std::string_view a, std::string_view b);

// `text` without the spaces and tabs around it.
std::string_view trim(std::string_view text);

}  // namespace cgi
