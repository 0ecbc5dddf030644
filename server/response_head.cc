#include "response_head.h"

#include <array>

#include "http_date.h"
#include "version.h"

namespace cgi {

std::string response_head(std::string_view protocol, int status, std::string_view reason, std::time_t now) {
  std::string head;
  head.reserve(256);
  head.append(protocol).append(" ").append(std::to_string(status)).append(" ").append(reason).append("\r\n");
  head.append(server_fields(now));
  return head;
}

std::string_view server_fields(std::time_t now) {
  // The text is in an array. A string would crash: GCC for Windows destroys the objects of a thread after their memory
  // is gone.
  static thread_local std::array<char, 96> text;
  static thread_local std::size_t length = 0;
  static thread_local std::time_t written = -1;
  if (now != written) {
    std::string fields;
    add_field(fields, "Server", kServerSoftware);
    add_field(fields, "Date", http_date(now));  // rule: http/one-date-in-fixed-form
    length = fields.copy(text.data(), text.size());
  }
  written = now;
  return {text.data(), length};
}

void add_field(std::string& head, std::string_view name, std::string_view value) {
  head.append(name).append(": ").append(value).append("\r\n");
}

}  // namespace cgi
