// A script's output in profile cgihttpserver: the server does not interpret it. Pure: octets in, octets out.
//
// After "200 Script output follows", Server and Date, the output goes out as it is, with "Status:" and "Location:". In
// two cases the server must find the end of the script's header section: the response to HEAD ends there, and on a
// connection that stays open the response needs a length or chunks.
// rule: seed/script-cannot-redirect, seed/script-response-is-200, seed/status-line-before-script-output
// rule: seed/script-status-has-no-effect, base/kept-connection-delimits-responses
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "response_writer.h"

namespace cgi {

// The way in which the client finds the end of the response.
enum class Delimiting {
  kClose,   // by the end of the connection; the output is not changed
  kFramed,  // by Content-Length if the whole output is known at once, else by chunks (HTTP/1.1 clients only)
};

class UninterpretedResponse : public ResponseWriter {
 public:
  // Sends `head` first: response_head(), or nothing for HTTP/0.9 and for scripts that print a whole response. With
  // `head_only`, nothing follows the script's header section.
  UninterpretedResponse(std::string head, Delimiting delimiting, bool head_only)
      : ready_(std::move(head)), delimiting_(delimiting), head_only_(head_only) {}

  void take(std::string_view output) override;
  void finish() override;
  std::size_t held() const override { return ready_.size() + header_.size() + body_.size(); }
  std::string flush() override;
  // Always 200, also in the log of a script that prints a whole response.
  std::optional<int> status() const override { return 200; }
  bool keeps_connection() const override { return delimiting_ != Delimiting::kClose; }

 private:
  void begin_body();
  void end_by_close();

  std::string ready_;   // to be sent
  std::string header_;  // of the script, until its end is seen
  std::string body_;    // of the script, not framed yet
  Delimiting delimiting_;
  bool head_only_;
  bool header_done_ = false;
  bool body_begun_ = false;  // ready_ holds the framing fields
  bool chunks_ = false;
  bool finished_ = false;
};

}  // namespace cgi
