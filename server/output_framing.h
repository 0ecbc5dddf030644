// What both profiles do to a script's output: find the end of its header section, and cut content into chunks.
// Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace cgi {

// Where the first empty line of `output` ends (CR LF or LF), or npos. An empty first line counts: the header
// section then is empty. `seen`: so many octets are known not to hold the end; they are not searched again.
// rule: cgi/header-lines-may-end-in-crlf
std::size_t header_section_end(std::string_view output, std::size_t seen = 0);

// Appends `data` as one chunk; nothing if it is empty, since that chunk would be the last. RFC 9112 7.1.
void append_chunk(std::string& out, std::string_view data);

inline constexpr std::string_view kLastChunk = "0\r\n\r\n";

}  // namespace cgi
