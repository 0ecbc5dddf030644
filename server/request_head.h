// Parses the request line and the fields from octets as they arrive, within limits.
//
// cpp-httplib's own parser refuses unknown methods before the server could answer 501, decodes escapes inside field
// values, loses the order of fields, and waits for ever after a bare LF. This parser accepts the same whitespace and
// line ends as BaseHTTPRequestHandler. It is strict with field lines: CPython drops the fields after a malformed one,
// which may hide a Content-Length (RFC 9112, 5.1 and 5.2).
#pragma once

#include <httplib.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cgi {

// A refusal: the server answers a request with an error page.
struct Refusal {
  int status = 0;
  std::string reason;  // for the status line and the page; printable ASCII: python_repr() escapes client text
};

// A field: its name as sent, its value without the whitespace around it.
struct Field {
  std::string name;
  std::string value;
};

// A request as received. httplib::Request holds method, target, version ("HTTP/1.1"; "HTTP/0.9" for a line of two
// words), remote_addr and remote_port. Its `headers` stay empty, because several releases of httplib reorder them.
struct Request : httplib::Request {
  std::string line;           // the request line without its line end, for the log
  std::vector<Field> fields;  // in the order received
  int major = 1;              // of the version, as numbers
  int minor = 0;
  std::string uri;                  // the target as the client sent it; the server may rewrite `target`
  std::optional<std::string> host;  // the host that the client names, if any (http11_rules.h)

  // HTTP/0.9: the response is data only, without a status line.
  bool is_simple() const { return version == "HTTP/0.9"; }
  // HTTP/1.1 or newer: the client understands chunks and interim responses.  rule: http/no-1xx-or-chunks-to-http-1-0
  bool is_current() const { return major > 1 || (major == 1 && minor >= 1); }
  // Returns the values of all fields called `name` (in any case), in order.
  std::vector<std::string_view> values(std::string_view name) const;
  // Returns the first of them, or nothing.
  std::optional<std::string_view> first(std::string_view name) const;
};

struct HeadLimits {             // rule: http/request-line-of-8000-is-accepted
  std::size_t line = 65536;     // octets of one line, its line end included
  std::size_t fields = 99;      // CPython counts the empty line too, so its 100 lets 99 pass
  std::size_t total = 1 << 20;  // octets of the whole head  rule: resource/endless-head-is-bounded
};

// Reads one request head, whatever pieces it arrives in.
class HeadParser {
 public:
  explicit HeadParser(HeadLimits limits = {}) : limits_(limits) {}

  // Takes the next octets and returns how many belong to the head. The others belong to the body or the next request.
  // Does nothing once done().
  std::size_t consume(std::string_view bytes);

  // The client sends no more. As in CPython, the head then is complete.
  void end_of_input();

  // No octet of this request has arrived.
  bool untouched() const { return received_ == 0; }
  // The head is complete, empty or refused.
  bool done() const { return done_; }
  // The first line was empty. The parser took that line only, and there is no request.
  bool empty() const { return done_ && !refusal_ && request_.line.empty(); }
  // Set if the server must refuse the head: 400, 414, 431 or 505.
  const std::optional<Refusal>& refusal() const { return refusal_; }
  // The request so far; complete only if done() without refusal().
  Request& request() { return request_; }

 private:
  void take_line(std::string_view line);
  void take_request_line(std::string_view line);
  void take_field_line(std::string_view line);
  void refuse(Refusal refusal);

  HeadLimits limits_;
  std::string partial_;          // the line that has not ended yet
  std::size_t received_ = 0;     // octets of the head so far
  std::size_t field_lines_ = 0;  // continuation lines count, as in CPython
  bool has_request_line_ = false;
  bool done_ = false;
  std::optional<Refusal> refusal_;
  Request request_;
};

}  // namespace cgi
