// The parts that all responses share: the line in the log, the first lines, the field Connection, the error page.
#pragma once

#include <atomic>
#include <string>
#include <string_view>

#include "access_log.h"
#include "connection.h"
#include "request_head.h"

namespace cgi {

// The end of the connection after a response.
enum class After {
  kNextRequest,  // it waits for the next request
  kLinger,       // the server closes it after the client has stopped sending
  kClose,        // it is broken
};

class Responder {
 public:
  // `protocol` "HTTP/1.0" closes the connection after each response, "HTTP/1.1" does not.
  Responder(std::string protocol, LogFormat log_format) : protocol_(std::move(protocol)), log_(log_format) {}

  const AccessLog& log() const { return log_; }
  bool is_persistent() const { return protocol_ == "HTTP/1.1"; }

  // Logs the request and returns the first lines of its response.
  std::string begin(const Request& request, int status, std::string_view reason) const;
  // Completes a head with the field Connection, if it needs one. HTTP/0.9 gets no head.
  After end_head(const Request& request, std::string& head) const;
  // Logs the refusal and returns its response. The connection ends after it, because the server does not read the body.
  std::string refusal(const Request& request, const Refusal& refusal) const;
  // Sends it.
  After refuse(Connection& client, const Request& request, const Refusal& refusal) const;

  // Returns whether the client waits for 100 (Continue) before it sends the body.
  // rule: base/continue-in-http-1-1-only
  bool waits_for_continue(const Request& request) const;
  // Returns whether the client may send another request after this one.
  // rule: base/http-1-1-keeps-connections, http/connection-is-a-token-list  (RFC 9112 9.3)
  bool stays_open(const Request& request) const;
  // Every later response is the last one on its connection.
  void close_all() { closing_ = true; }
  bool is_closing() const { return closing_; }

 private:
  const std::string protocol_;
  const AccessLog log_;
  std::atomic<bool> closing_ = false;
};

// Returns whether the comma-separated values of field `name` hold `token`, in any case. RFC 9110 5.6.1.
bool has_token(const Request& request, std::string_view name, std::string_view token);

}  // namespace cgi
