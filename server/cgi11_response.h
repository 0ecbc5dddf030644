// A script's output as CGI/1.1 has it (profile rfc3875): a header block that says what the response is, then
// the document. Pure: bytes in, bytes out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "request_head.h"
#include "response_writer.h"

namespace cgi {

// A script's header block, understood. RFC 3875 6.2, 6.3.
struct Cgi11Head {
  int status = 200;                             // from Status; 302 for a Location without one
  std::string reason;                           // as the script says it, else the standard phrase
  std::string local_location;                   // "/path?query" to be answered by the server itself, or empty
  std::optional<std::uint64_t> content_length;  // as the script says it: a claim
  std::vector<Field> fields;                    // for the client, in the script's order: without Status, and without
                              // those that are the server's to say (hop-by-hop, Date, Server, Content-Length)
};

// Understands a header block (its empty line included or not), or says in a few words what is wrong with it,
// for the log ("Status \"20x\" is not three digits"). Lines end with CR LF or LF. Wrong are: a line that is not
// a field (no colon, a name that is no token, space before the colon; but a first line "<!--: spam" is skipped: it is
// how Python's cgitb begins the page that shows a traceback), a folded line, CR, NUL or another
// control in a value, a second Status, Location, Content-Type or Content-Length, a Status that is not three
// digits from 200 to 999 with an optional phrase, a Content-Length that is not digits, and a block without
// any CGI field (Content-Type, Status, Location; an empty Location counts as not sent). A Location that
// begins with one '/' and has no Status is a local redirect; every other one goes to the client, fragment and
// all.
// rule: cgi/header-order-is-free, cgi/no-status-means-200, cgi/local-redirect-is-followed
// rule: cgi/absolute-location-is-302, cgi/location-is-uri-or-absolute-path, cgi/redirect-keeps-status-and-document
// rule: cgi/header-needs-cgi-field-none-twice, cgi/header-names-ignore-case, cgi/empty-cgi-field-counts-as-absent
// rule: cgi/header-lines-are-not-folded, cgi/blanks-only-after-header-colon, cgi/header-lines-may-end-in-crlf
// rule: cgi/script-content-type-has-no-default, cgi/malformed-status-is-an-error
std::variant<Cgi11Head, std::string> parse_cgi11_head(std::string_view block);

// How the rest of the connection is to be used.
struct ResponseTerms {
  std::string server_lines;    // "Server: …\r\nDate: …\r\n"
  bool head_only = false;      // HEAD: no content, whatever the script prints
  bool may_chunk = false;      // the client speaks HTTP/1.1; one that does not is told of a connection that stays open
  bool may_stay_open = false;  // the connection can carry another response, if this one's end is known
  std::function<void(int status)> on_status = nullptr;  // called when the head goes out: for the log
};

// Turns the output into a document response or a client redirect. Nothing goes out before the header block is
// complete. Content only where HTTP allows it (not for HEAD, 204, 205, 304). The end is told by Content-Length
// if the whole output is known at once; else by the script's Content-Length, which is kept to: surplus octets
// are dropped, and the connection closes if octets are missing; else by chunks, or by closing. No Content-Type is
// made up.
class Cgi11Response : public ResponseWriter {
 public:
  explicit Cgi11Response(ResponseTerms terms);

  void take(std::string_view output) override;
  void finish() override;
  // Content only: a header block is bounded by itself, and a caller that paused in it would never see its end.
  std::size_t held() const override { return content_.size(); }
  std::string flush() override;
  std::optional<int> status() const override { return begun_ ? std::optional(head_->status) : std::nullopt; }
  bool keeps_connection() const override;

  // Says what is wrong with the header block: a line of it, or that it does not end within 1 MiB.
  std::string_view problem() const override { return problem_; }
  // Keeps at most kRefusedKept octets.
  std::string_view refused() const override { return refused_; }
  // After a local redirect the script may run on. The server ignores what it prints.
  std::string_view local_location() const override { return head_ ? std::string_view(head_->local_location) : ""; }

 private:
  bool is_ignored() const { return is_refused() || !local_location().empty(); }
  void take_content(std::string_view octets);
  void fail(std::string problem, std::string_view output);
  void fail_without_end(std::string_view what);
  std::string begin();

  const ResponseTerms terms_;
  std::string block_;  // the header block, until its end is seen
  std::optional<Cgi11Head> head_;
  std::string problem_;
  std::string refused_;
  std::string content_;     // to be sent
  std::uint64_t left_ = 0;  // octets of content that are still welcome
  bool no_content_ = false;
  bool begun_ = false;     // the head has gone out
  bool chunks_ = false;    // content goes out in chunks, and the last is yet to come
  bool promised_ = false;  // the script's own Content-Length has gone out, before the content was known
  bool closes_ = false;    // only the end of the connection can tell the end of the content
  bool finished_ = false;
};

}  // namespace cgi
