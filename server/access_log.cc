#include "access_log.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "quote.h"

namespace cgi {
namespace {

constexpr std::size_t kLongest = 4096;

std::tm in_local_time(std::time_t when) {
  std::tm parts{};
  ::localtime_r(&when, &parts);
  return parts;
}

std::tm in_universal_time(std::time_t when) {
  std::tm parts{};
  ::gmtime_r(&when, &parts);
  return parts;
}

// `text` as a JSON string. Text that went through log_escape() only has quotes and backslashes to escape.
std::string json_string(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    const auto octet = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (octet < 0x20 || octet > 0x7e) {
      append_hex(out += "\\u00", c);
    } else {
      out += c;
    }
  }
  out += '"';
  return out;
}

// One object on one line; `members` is JSON already.
std::string json_object(std::string_view client, std::time_t when, std::string_view members) {
  const std::tm at = in_universal_time(when);
  char time[64];
  std::snprintf(time, sizeof time, "%04d-%02d-%02dT%02d:%02d:%02dZ", at.tm_year + 1900, at.tm_mon + 1, at.tm_mday,
                at.tm_hour, at.tm_min, at.tm_sec);
  std::string line = "{\"time\":\"";
  line.append(time).append("\",\"client\":").append(json_string(client)).append(",").append(members).append("}\n");
  return line;
}

}  // namespace

std::string log_escape(std::string_view text) {
  const std::string_view kept = text.substr(0, kLongest);
  std::string out;
  out.reserve(kept.size() + 16);
  for (char c : kept) {
    const auto octet = static_cast<unsigned char>(c);
    if (c == '\\') {
      out += "\\\\";
    } else if (octet < 0x20 || octet > 0x7e) {
      append_hex(out += "\\x", c);
    } else {
      out += c;
    }
  }
  if (kept.size() < text.size()) out += "...[+" + std::to_string(text.size() - kept.size()) + "]";
  return out;
}

std::string common_line(std::string_view client, std::time_t when, std::string_view message) {
  // Not strftime(): months are English in every locale.
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::tm at = in_local_time(when);
  char time[64];
  std::snprintf(time, sizeof time, " - - [%02d/%s/%04d %02d:%02d:%02d] ", at.tm_mday, kMonths[at.tm_mon],
                at.tm_year + 1900, at.tm_hour, at.tm_min, at.tm_sec);
  std::string line(client);
  line.append(time).append(message).append("\n");
  return line;
}

std::string json_line(std::string_view client, std::time_t when, std::string_view message) {
  return json_object(client, when, "\"message\":" + json_string(message));
}

void AccessLog::request(std::string_view client, std::string_view request_line, std::optional<int> status) const {
  if (format_ == LogFormat::kNone) return;
  const std::string line = log_escape(request_line);
  const std::string code = status ? std::to_string(*status) : format_ == LogFormat::kJson ? "null" : "-";
  if (format_ == LogFormat::kJson) {
    write(json_object(client, std::time(nullptr), "\"request\":" + json_string(line) + ",\"status\":" + code));
  } else {
    write(common_line(client, std::time(nullptr), "\"" + line + "\" " + code + " -"));
  }
}

void AccessLog::refusal(std::string_view client, int status, std::string_view reason) const {
  if (format_ == LogFormat::kNone) return;
  const std::string text = log_escape(reason);
  const std::string code = std::to_string(status);
  if (format_ == LogFormat::kJson) {
    write(json_object(client, std::time(nullptr), "\"refused\":" + code + ",\"message\":" + json_string(text)));
  } else {
    write(common_line(client, std::time(nullptr), "code " + code + ", message " + text));
  }
}

void AccessLog::note(std::string_view client, std::string_view message) const {
  if (format_ == LogFormat::kNone) return;
  const std::string text = log_escape(message);
  write(format_ == LogFormat::kJson ? json_line(client, std::time(nullptr), text)
                                    : common_line(client, std::time(nullptr), text));
}

void AccessLog::write(std::string_view line) const {
  while (!line.empty()) {
    const ssize_t count = ::write(STDERR_FILENO, line.data(), line.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return;  // nobody reads the log: that is no reason to stop serving
    line.remove_prefix(static_cast<std::size_t>(count));
  }
}

}  // namespace cgi
