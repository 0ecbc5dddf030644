// The request line and the header section: bytes as they arrive → an ordered, raw request, within limits.
//
// cpp-httplib's own parser is not used: it refuses unknown methods before anyone can answer 501, decodes
// escapes inside field values, loses the order of fields and waits for ever on a bare LF. Here whitespace
// and line ends are as tolerant as BaseHTTPRequestHandler's; field lines are strict, because CPython drops
// the rest of the head after a malformed one, which hides a Content-Length from it (RFC 9112, 5.1 and 5.2).
#pragma once

#include <httplib.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "refusal.h"

namespace cgi {

// A field line taken apart: the name as sent, the value without the whitespace around it.
struct Field {
  std::string name;
  std::string value;
};

// A request as it came in. httplib::Request carries method, target, version ("HTTP/1.1"; "HTTP/0.9" for a
// two-word line), remote_addr and local_port; this adds what it cannot hold. Its `headers` stay empty:
// several releases of httplib reorder them.
struct Request : httplib::Request {
  std::string line;           // the request line without its line end, for the log
  std::vector<Field> fields;  // in the order received
  int major = 1;              // of the version, as numbers
  int minor = 0;
  std::string uri;                  // the target as the client sent it; `target` may have been rewritten since
  std::optional<std::string> host;  // where the client thinks it is, if it says so (http11_rules.h)

  // HTTP/0.9: the reply is data only, without a status line.
  bool is_simple() const { return version == "HTTP/0.9"; }
  // HTTP/1.1 or newer: chunks and interim responses are understood.
  bool is_current() const { return major > 1 || (major == 1 && minor >= 1); }
  // Every value of the fields called `name` (case-insensitive), in order.
  std::vector<std::string_view> values(std::string_view name) const;
  // The first of them, or nothing.
  std::optional<std::string_view> first(std::string_view name) const;
};

struct HeadLimits {
  std::size_t line = 65536;     // octets of one line, its line end included
  std::size_t fields = 99;      // CPython counts the empty line too, so its 100 lets 99 pass
  std::size_t total = 1 << 20;  // octets of the whole head
};

// Reads one request head, however it is cut into pieces.
class HeadParser {
 public:
  explicit HeadParser(HeadLimits limits = {});

  // Takes the next bytes; returns how many of them belong to the head (the rest is body or the next
  // request). Does nothing once done().
  std::size_t consume(std::string_view bytes);

  // The client will send no more: CPython takes what it has for the whole head.
  void end_of_input();

  // Nothing has been received for this request yet.
  bool untouched() const { return received_ == 0; }
  // The head is complete, empty or refused.
  bool done() const { return done_; }
  // The first line was empty: there is no request yet, and nothing was taken but that line.
  bool empty() const { return done_ && !refusal_ && request_.line.empty(); }
  // Set if the head cannot be accepted: 400, 414, 431 or 505.
  const std::optional<Refusal>& refusal() const { return refusal_; }
  // What was understood; complete only if done() without refusal().
  Request& request() { return request_; }

 private:
  void take_line(std::string_view line);
  void take_request_line(std::string_view line);
  void take_field_line(std::string_view line);
  void refuse(Refusal refusal);

  HeadLimits limits_;
  std::string partial_;          // of the line that has not ended yet
  std::size_t received_ = 0;     // octets of the head so far
  std::size_t field_lines_ = 0;  // continuation lines count, as in CPython
  bool has_request_line_ = false;
  bool done_ = false;
  std::optional<Refusal> refusal_;
  Request request_;
};

}  // namespace cgi
