// Client text on its way to somebody else: into a status line, a page, a link.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace cgi {

// Appends the two hexadecimal digits of an octet.
void append_hex(std::string& out, char octet, const char* digits = "0123456789abcdef");

// As Python's repr() of a byte string shows it: in quotes, controls and octets above 0x7e as \xHH. CPython
// puts names into reason phrases this way, which is what keeps CR LF out of the status line; its 3.x
// releases fail on names outside Latin-1, so octets are escaped here as 2.7 did.  rule: injection/name-outside-latin-1
std::string python_repr(std::string_view text);

// The same of its first 60 octets, with "..." if there are more: for a line of the log.
std::string excerpt(std::string_view text);

// & < > as entities, as html.escape(text, quote=False).
std::string html_escape(std::string_view text);

// Everything but letters, digits and `_.-~/` as %HH, as urllib.parse.quote() of the octets.
std::string url_quote(std::string_view text);

// Decodes %HH once; a malformed escape stays as it is.
std::string url_unquote(std::string_view text);

}  // namespace cgi
