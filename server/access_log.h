// The lines of the log, in CPython's form or as JSON. Text of clients and scripts is escaped (quote.h), so that a
// terminal or a log reader never takes it for a control sequence or for another line.
#pragma once

#include <ctime>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "log_writer.h"
#include "options.h"

namespace cgi {

// Returns `127.0.0.1 - - [22/Nov/2026 22:05:52] MESSAGE` and LF, in local time. The caller escapes the parts of
// `message` that come from clients or scripts. If this function did it, a long request line would cut off the status
// after it.
// rule: base/log-line-per-request, log/user-name-is-escaped
std::string common_line(std::string_view client, std::time_t when, std::string_view message);

// Returns {"time":"2026-11-22T22:05:52Z","client":"…","message":"…"} and LF. AccessLog writes "request" and "status" in
// place of the message for a request, and "refused" before it for a refusal.
std::string json_line(std::string_view client, std::time_t when, std::string_view message);

class AccessLog {
 public:
  // Writes to standard error.
  explicit AccessLog(LogFormat format);

  // Logs a request: `"REQUEST LINE" STATUS -`. A client that left before it got a status has '-', or null in JSON.
  void request(std::string_view client, std::string_view request_line, std::optional<int> status) const;
  // Logs a refusal, before its request: `code STATUS, message REASON`.  rule: base/log-line-per-error
  void refusal(std::string_view client, int status, std::string_view reason) const;
  // Logs anything else: how a script ended, why it did not start, or output that is no response.
  // rule: log/refused-output-is-escaped
  void note(std::string_view client, std::string_view message) const;
  // Writes to `file` from now on.
  void redirect(UniqueFd file) const { writer_.redirect(std::move(file)); }
  // Writes the lines that wait, for at most a second. No line may follow.
  void end() const { writer_.end(); }

 private:
  void write(std::string_view client, std::string_view text) const;

  const LogFormat format_;
  mutable LogWriter writer_;
};

}  // namespace cgi
