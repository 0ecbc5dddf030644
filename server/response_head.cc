#include "response_head.h"

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
  static thread_local std::time_t written = 0;
  static thread_local std::string fields;
  if (now == written) return fields;
  fields.clear();
  add_field(fields, "Server", kServerSoftware);
  add_field(fields, "Date", http_date(now));  // rule: http/one-date-in-fixed-form
  written = now;
  return fields;
}

void add_field(std::string& head, std::string_view name, std::string_view value) {
  head.append(name).append(": ").append(value).append("\r\n");
}

}  // namespace cgi
