#include "output_framing.h"

#include <array>
#include <charconv>

namespace cgi {

std::size_t header_section_end(std::string_view output, std::size_t seen) {
  if (output.starts_with('\n')) return 1;
  if (output.starts_with("\r\n")) return 2;
  // The line end before the empty line may be among the octets seen: LF | LF, LF | CR LF, LF CR | LF.
  std::size_t line_end = output.find('\n', seen > 2 ? seen - 2 : 0);
  for (; line_end != output.npos; line_end = output.find('\n', line_end + 1)) {
    const std::string_view next = output.substr(line_end + 1);
    if (next.starts_with('\n')) return line_end + 2;
    if (next.starts_with("\r\n")) return line_end + 3;
  }
  return output.npos;
}

void append_chunk(std::string& out, std::string_view data) {
  if (data.empty()) return;
  std::array<char, 16> size{};
  const auto [end, error] = std::to_chars(size.data(), size.data() + size.size(), data.size(), 16);
  // One allocation, also if the last chunk follows: a second one would copy all of it.
  out.reserve(out.size() + data.size() + 32);
  out.append(size.data(), end).append("\r\n").append(data).append("\r\n");
}

}  // namespace cgi
