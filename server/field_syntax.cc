#include "field_syntax.h"

namespace cgi {

bool is_token(std::string_view text) {
  static constexpr CharacterSet kToken("!#$%&'*+-.^_`|~");
  return !text.empty() && kToken.has_all(text);
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view kSpace = " \t";
  const std::size_t begin = text.find_first_not_of(kSpace);
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

std::string_view cut(std::string_view& text, char separator) {
  const std::size_t end = std::min(text.find(separator), text.size());
  const std::string_view part = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return part;
}

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

}  // namespace cgi
