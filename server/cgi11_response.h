// A script's output in profile rfc3875 (CGI/1.1): a header block, then the content. Pure: octets in, octets out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "request_head.h"
#include "response_writer.h"

namespace cgi {

// The contents of a script's header block. RFC 3875 6.2, 6.3.
struct Cgi11Head {
  int status = 200;                             // from Status; 302 for a Location without one
  std::string reason;                           // the script's, else the standard phrase
  std::string local_location;                   // "/path?query" that the server answers itself, or empty
  std::optional<std::uint64_t> content_length;  // the script's; it may be wrong
  std::vector<Field> fields;                    // for the client, in the script's order, without Status and without
                              // those that the server sets (hop-by-hop fields, Date, Server, Content-Length)
};

// Parses a header block, with or without its empty line, or says what is wrong with it, for the log ("Status '20x' is
// not three digits"). Lines end in CR LF or LF. A first line "<!--: spam" is skipped: with it Python's cgitb begins the
// page of a traceback. A block is wrong if
// * a line is no field: no colon, a name that is no token, a space before the colon, a folded line;
// * a value holds CR, NUL or another control;
// * Status, Location, Content-Type or Content-Length is there twice;
// * Status is not three digits from 200 to 999 and an optional phrase, or Content-Length is not a number;
// * it has none of Content-Type, Status and Location (an empty Location or Content-Type counts as not sent).
// A Location that begins with one '/' and comes without Status is a local redirect. Every other one goes to the client,
// with its fragment.
// rule: cgi/header-order-is-free, cgi/no-status-means-200, cgi/local-redirect-is-followed
// rule: cgi/redirect-keeps-status-and-document, cgi/header-names-ignore-case, cgi/blanks-only-after-header-colon
// rule: cgi/script-content-type-has-no-default
std::variant<Cgi11Head, std::string> parse_cgi11_head(std::string_view block);

// The conditions for a response.
struct ResponseTerms {
  std::string server_lines;    // "Server: …\r\nDate: …\r\n"
  bool head_only = false;      // HEAD: the response has no content
  bool may_chunk = false;      // the client speaks HTTP/1.1
  bool may_stay_open = false;  // the connection may carry another response, if the end of this one is known
  std::function<void(int status)> on_status = nullptr;  // called when the head goes out
};

// Turns the output into a document response or a client redirect. Nothing goes out before the header block is complete.
// Responses to HEAD and with status 204, 205 or 304 have no content. The server never adds a Content-Type.
// Three things can mark the end of the content: the true Content-Length, if the whole output is known at once; else the
// script's Content-Length, where the server drops further octets and closes the connection if octets are missing; else
// chunks, or the end of the connection.
// rule: cgi/server-converts-protocol, cgi/response-is-well-formed, cgi/output-becomes-valid-response
// rule: injection/made-up-text-html, http/response-is-delimited, cgi/script-content-type-is-unmodified
class Cgi11Response : public ResponseWriter {
 public:
  explicit Cgi11Response(ResponseTerms terms) : terms_(std::move(terms)) {}

  void take(std::string_view output) override;
  void finish() override;
  // Counts the content only. The header block has a limit of its own, and a caller that stopped would miss its end.
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
  std::string block_;  // the header block, until it is complete
  std::optional<Cgi11Head> head_;
  std::string problem_;
  std::string refused_;
  std::string content_;     // ready to be sent
  std::uint64_t left_ = 0;  // octets of content that may follow
  bool no_content_ = false;
  bool begun_ = false;     // the head has gone out
  bool chunks_ = false;    // content goes out in chunks, and the last one has not
  bool promised_ = false;  // the script's Content-Length has gone out before all content was known
  bool closes_ = false;    // the end of the connection marks the end of the content
  bool finished_ = false;
};

}  // namespace cgi
