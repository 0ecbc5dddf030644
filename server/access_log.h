// What the log says of a request, in CPython's form or as JSON lines, with nothing in it that a terminal or a
// log reader could take for more than one line. Pure formatting, and one writer.
#pragma once

#include <ctime>
#include <optional>
#include <string>
#include <string_view>

namespace cgi {

enum class LogFormat { kCommon, kJson, kNone };

// Controls, DEL and octets above 0x7e as \xHH, backslash doubled; cut after 4096 octets with "…[+N]" in ASCII
// ("...[+N]").
// rule: log/control-bytes-are-escaped, log/no-forged-line, log/backslash-is-doubled, log/line-length-is-limited
std::string log_escape(std::string_view text);

// `127.0.0.1 - - [22/Nov/2026 22:05:52] MESSAGE` + LF; local time. What comes from others in `message` has gone
// through log_escape(): not all of it here, or a long request line would cut off the status after it.
// rule: base/log-line-per-request
std::string common_line(std::string_view client, std::time_t when, std::string_view message);

// {"time":"2026-11-22T22:05:52Z","client":"…","message":"…"} + LF. AccessLog writes "request" and "status" instead
// of the message for a request, "refused" before it for a refusal.
std::string json_line(std::string_view client, std::time_t when, std::string_view message);

// Writes lines to standard error, one write() each, so that threads do not mix them.
class AccessLog {
 public:
  explicit AccessLog(LogFormat format) : format_(format) {}

  // A request and its answer: `"REQUEST LINE" STATUS -`. Without a status, the client left before it got one: '-', or
  // null in JSON.
  void request(std::string_view client, std::string_view request_line, std::optional<int> status) const;
  // A refusal: `code STATUS, message REASON`, which comes before its request line.  rule: base/log-line-per-error
  void refusal(std::string_view client, int status, std::string_view reason) const;
  // Anything else worth knowing: how a script ended, why it could not start, what it printed instead of a response.
  // rule: log/refused-output-is-escaped
  void note(std::string_view client, std::string_view message) const;

 private:
  void write(std::string_view line) const;
  LogFormat format_;
};

}  // namespace cgi
