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

std::string server_fields(std::time_t now) {
  // The date is an array. A string would crash: GCC for Windows destroys the objects of a thread after their memory is
  // gone.
  static thread_local std::array<char, 29> date;
  static thread_local std::time_t written = -1;
  if (now != written) http_date(now).copy(date.data(), date.size());
  written = now;
  std::string fields;
  fields.reserve(96);
  add_field(fields, "Server", kServerSoftware);
  add_field(fields, "Date", {date.data(), date.size()});  // rule: http/one-date-in-fixed-form
  return fields;
}

void add_field(std::string& head, std::string_view name, std::string_view value) {
  head.append(name).append(": ").append(value).append("\r\n");
}

}  // namespace cgi
