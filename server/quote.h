// Escapes text of clients for a status line, a page, a link or a line of the log, and values in messages.
#pragma once

#include <string>
#include <string_view>

namespace cgi {

// Returns `text` with a backslash before each `quote` and each backslash, and with controls and octets above 0x7e as
// `hex` and two digits. With `named`, TAB, LF and CR become \t, \n and \r instead.
std::string escaped(std::string_view text, char quote, std::string_view hex, bool named = false);

// Returns `text` as Python's repr() of a byte string: in quotes, with controls and octets above 0x7e as \xHH. CPython
// puts names into reason phrases so, which keeps CR LF out of the status line. Its 3.x releases fail for names outside
// Latin-1, so octets are escaped here as 2.7 did.  rule: injection/name-outside-latin-1
// rule: base/reason-phrase-is-escaped, injection/line-end-in-error, http/request-adds-no-response-field
std::string python_repr(std::string_view text);

// Returns the same of the first 60 octets, and "..." if there are more: for a line of the log.
std::string excerpt(std::string_view text);

// Returns `text` with controls, DEL and octets above 0x7e as \xHH, and each backslash doubled. Cuts it after 4096
// octets and says how many are missing: "...[+N]".
// rule: log/control-bytes-are-escaped, log/no-forged-line, log/backslash-is-doubled, log/line-length-is-limited
std::string log_escape(std::string_view text);

// Returns the same between double quotes, for a message to the user of the server.
std::string in_quotes(std::string_view text);

// Returns `text` with & < > as entities, as html.escape(text, quote=False) does.
std::string html_escape(std::string_view text);

// Returns `text` with all octets but letters, digits and `_.-~/` as %HH, as urllib.parse.quote() does.
std::string url_quote(std::string_view text);

// Decodes %HH once. A malformed escape stays as it is.  rule: http/broken-escape-is-refused-or-literal
std::string url_unquote(std::string_view text);  // rule: disclosure/overlong-utf-8

}  // namespace cgi
