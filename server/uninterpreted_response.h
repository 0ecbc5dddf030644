// A script's output on its way to the client. Pure: bytes in, bytes out.
//
// Profile cgihttpserver does not interpret what a script prints: after "200 Script output follows", Server
// and Date, its bytes go out as they are, "Status:" and "Location:" included. Two things need a look at where the
// script's header section ends: HEAD, which ends there, and a connection that stays open, where the response needs a
// length or chunks.
// rule: seed/script-cannot-redirect, seed/script-response-is-200, seed/status-line-before-script-output
// rule: seed/script-status-has-no-effect, base/kept-connection-delimits-responses
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "response_writer.h"

namespace cgi {

// How the client learns where the response ends.
enum class Delimiting {
  kClose,   // by the end of the connection: the output is not touched
  kFramed,  // by Content-Length if the whole output is known at once, else in chunks (HTTP/1.1 clients only)
};

class UninterpretedResponse : public ResponseWriter {
 public:
  // `head` is sent first (response_head(); empty for HTTP/0.9 and for scripts that print a whole response).
  // `head_only`: nothing follows the script's header section.
  UninterpretedResponse(std::string head, Delimiting delimiting, bool head_only);

  void take(std::string_view output) override;
  void finish() override;
  std::size_t held() const override { return ready_.size() + header_.size() + body_.size(); }
  std::string flush() override;
  // 200, whatever the script prints. A script that prints a whole response is logged with it, too.
  std::optional<int> status() const override { return 200; }
  bool keeps_connection() const override { return delimiting_ != Delimiting::kClose; }

 private:
  void begin_body(bool whole);
  void add_body();

  std::string ready_;   // to be sent
  std::string header_;  // of the script, until its end is seen
  std::string body_;    // of the script, not framed yet
  Delimiting delimiting_;
  bool head_only_;
  bool header_done_ = false;
  bool body_begun_ = false;  // the framing fields have gone into ready_
  bool chunks_ = false;
  bool finished_ = false;
};

}  // namespace cgi
