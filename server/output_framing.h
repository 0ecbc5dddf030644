// Functions for a script's output that both profiles need. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace cgi {

// Returns where the first empty line of `output` ends (CR LF or LF), or npos. If the first line is empty, so is the
// header section. The first `seen` octets are known not to hold the end and are not searched again.
// rule: cgi/header-lines-may-end-in-crlf
std::size_t header_section_end(std::string_view output, std::size_t seen = 0);

// Appends `data` as one chunk. Appends nothing for empty data: an empty chunk would be the last. RFC 9112 7.1.
void append_chunk(std::string& out, std::string_view data);

inline constexpr std::string_view kLastChunk = "0\r\n\r\n";

}  // namespace cgi
