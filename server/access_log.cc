#include "access_log.h"

#include <unistd.h>

#include <cstdio>

#include "http_date.h"
#include "quote.h"

namespace cgi {
namespace {

constexpr std::size_t kMostWaiting = 1024 * 1024;  // octets of lines

// Returns `text` as a JSON string. After log_escape() only quotes and backslashes need an escape.
std::string json_string(std::string_view text) { return '"' + escaped(text, '"', "\\u00") + '"'; }

// Returns one object on one line. `members` is JSON.
std::string json_object(std::string_view client, std::time_t when, std::string_view members) {
  std::tm at{};
  ::gmtime_r(&when, &at);
  char time[64];
  std::strftime(time, sizeof time, "%Y-%m-%dT%H:%M:%SZ", &at);  // digits are the same in every locale
  std::string line = "{\"time\":\"";
  line.append(time).append("\",\"client\":").append(json_string(client)).append(",").append(members).append("}\n");
  return line;
}

// Returns the line of a message.
std::string message_line(LogFormat format, std::string_view client, std::string_view message) {
  const auto line = format == LogFormat::kJson ? json_line : common_line;
  return line(client, std::time(nullptr), message);
}

}  // namespace

std::string common_line(std::string_view client, std::time_t when, std::string_view message) {
  // Not strftime(): months are English in every locale.
  std::tm at{};
  ::localtime_r(&when, &at);
  char time[64];
  std::snprintf(time, sizeof time, " - - [%02d/%s/%04d %02d:%02d:%02d] ", at.tm_mday, kMonths[at.tm_mon].data(),
                at.tm_year + 1900, at.tm_hour, at.tm_min, at.tm_sec);
  std::string line(client);
  line.append(time).append(message).append("\n");
  return line;
}

std::string json_line(std::string_view client, std::time_t when, std::string_view message) {
  return json_object(client, when, "\"message\":" + json_string(message));
}

AccessLog::AccessLog(LogFormat format)
    : format_(format), writer_(STDERR_FILENO, kMostWaiting, [format](std::size_t count) {
        return message_line(format, "-",
                            std::to_string(count) + " lines of the log are lost, because it was not read in time");
      }) {}

void AccessLog::request(std::string_view client, std::string_view request_line, std::optional<int> status) const {
  if (format_ == LogFormat::kNone) return;
  const bool json = format_ == LogFormat::kJson;
  const std::string line = log_escape(request_line);
  const std::string code = status ? std::to_string(*status) : json ? "null" : "-";
  write(client, json ? "\"request\":" + json_string(line) + ",\"status\":" + code : "\"" + line + "\" " + code + " -");
}

void AccessLog::refusal(std::string_view client, int status, std::string_view reason) const {
  if (format_ == LogFormat::kNone) return;
  const std::string text = log_escape(reason);
  const std::string code = std::to_string(status);
  write(client, format_ == LogFormat::kJson ? "\"refused\":" + code + ",\"message\":" + json_string(text)
                                            : "code " + code + ", message " + text);
}

void AccessLog::note(std::string_view client, std::string_view message) const {
  if (format_ == LogFormat::kNone) return;
  writer_.add(message_line(format_, client, log_escape(message)));
}

// Writes a line; `text` is for the common form, or JSON members.
void AccessLog::write(std::string_view client, std::string_view text) const {
  const auto line = format_ == LogFormat::kJson ? json_object : common_line;
  writer_.add(line(client, std::time(nullptr), text));
}

}  // namespace cgi
