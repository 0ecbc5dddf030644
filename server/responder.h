// What all responses have in common: the line in the log, the status line, what is said about the connection,
// and the page that goes with a refusal.
#pragma once

#include <atomic>
#include <string>
#include <string_view>

#include "access_log.h"
#include "connection.h"
#include "refusal.h"
#include "request_head.h"

namespace cgi {

// What becomes of the connection after a response: it waits for the next request, it is closed with patience
// for what the client may still be sending (Connection::linger()), or it is broken already.
enum class After { kNextRequest, kLinger, kClose };

class Responder {
 public:
  // `protocol`: "HTTP/1.0" closes after each response, "HTTP/1.1" does not.
  Responder(std::string protocol, LogFormat log_format) : protocol_(std::move(protocol)), log_(log_format) {}

  const AccessLog& log() const { return log_; }
  bool is_persistent() const { return protocol_ == "HTTP/1.1"; }

  // Logs the request and begins the head of its response.
  std::string begin(const Request& request, int status, std::string_view reason) const;
  // Ends a head, saying whether the connection stays open; HTTP/0.9 gets none.
  After end_head(const Request& request, std::string& head) const;
  // Sends the page for a refusal. The connection ends with it: a body may be under way that nobody wants.
  After refuse(Connection& client, const Request& request, const Refusal& refusal) const;

  // The client can send another request after this one.
  // rule: base/http-1-1-keeps-connections, http/connection-is-a-token-list  (RFC 9112 9.3)
  bool stays_open(const Request& request) const;
  // From now on every response is the last of its connection.
  void close_all() { closing_ = true; }
  bool is_closing() const { return closing_; }

 private:
  const std::string protocol_;
  const AccessLog log_;
  std::atomic<bool> closing_ = false;
};

// Whether the comma-separated values of field `name` hold `token`, in any case. RFC 9110 5.6.1.
bool has_token(const Request& request, std::string_view name, std::string_view token);

}  // namespace cgi
