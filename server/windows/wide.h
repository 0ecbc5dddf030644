// Text between the octets of the server, which are UTF-8, and the characters of Windows, which are UTF-16.
//
// The server calls the functions of Windows for wide characters only. The others convert characters to "similar" ones,
// and a harmless character becomes a quote (CVE-2024-4577).  rule: windows/no-character-becomes-another
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace cgi {

// Returns nothing if `octets` are not UTF-8, or hold a NUL.
std::optional<std::wstring> wide(std::string_view octets);

// Replaces each octet that is not UTF-8 by U+FFFD.
std::wstring wide_enough(std::string_view octets);

// Replaces half a surrogate pair by U+FFFD.
std::string narrow(std::wstring_view characters);

// Returns the text of Windows for an error of GetLastError(), without its line end.
std::string error_text(unsigned long error);

}  // namespace cgi
