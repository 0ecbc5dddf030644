// A script's output as CGI/1.1 has it (profile rfc3875): a header block that says what the response is, then
// the document. Pure: bytes in, bytes out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "request_head.h"
#include "response_writer.h"

namespace cgi {

// A script's header block, understood. RFC 3875 6.2, 6.3.
struct ScriptHead {
  int status = 200;                             // from Status; 302 for a Location without one
  std::string reason;                           // as the script says it, else the standard phrase
  std::string local_location;                   // "/path?query" to be answered by the server itself, or empty
  std::optional<std::uint64_t> content_length;  // as the script says it: a claim
  std::vector<Field> fields;                    // for the client, in the script's order: without Status, and without
                              // those that are the server's to say (hop-by-hop, Date, Server, Content-Length)
};

// Understands a header block (its empty line included or not), or says in a few words what is wrong with it,
// for the log ("Status \"20x\" is not three digits"). Lines end with CR LF or LF. Wrong are: a line that is not
// a field (no colon, a name that is no token, space before the colon), a folded line, CR, NUL or another
// control in a value, a second Status, Location, Content-Type or Content-Length, a Status that is not three
// digits from 200 to 999 with an optional phrase, a Content-Length that is not digits, and a block without
// any CGI field (Content-Type, Status, Location; an empty Location counts as not sent). A Location that
// begins with one '/' and has no Status is a local redirect; every other one goes to the client, fragment and
// all.  cgi-71 … cgi-95.
std::variant<ScriptHead, std::string> parse_script_head(std::string_view block);

// How the rest of the connection is to be used.
struct ResponseTerms {
  std::string server_lines;    // "Server: …\r\nDate: …\r\n"
  bool head_only = false;      // HEAD: no content, whatever the script prints
  bool may_chunk = false;      // the client speaks HTTP/1.1
  bool may_stay_open = false;  // the connection can carry another response, if this one's end is known
};

// Turns the output into a document response or a client redirect. Nothing goes out before the header block is
// complete. Content only where HTTP allows it (not for HEAD, 204, 205, 304). The end is told by Content-Length
// if the whole output is known at once; else by the script's Content-Length, which is kept to: surplus octets
// are dropped, and the connection closes if octets are missing; else by chunks, or by closing. No Content-Type is
// made up.
class ScriptResponse : public ResponseWriter {
 public:
  explicit ScriptResponse(ResponseTerms terms);

  void take(std::string_view output) override;
  void finish() override;
  std::size_t held() const override;
  std::string flush() override;
  // A header block that is wrong or has no end within 1 MiB, or a local redirect: the rest does not matter.
  bool gives_up() const override;
  bool keeps_connection() const override;

  // Set once the header block is complete and right.
  const std::optional<ScriptHead>& head() const;
  // What was wrong with the header block, or with its absence; empty if nothing. The client gets 500 then.
  const std::string& problem() const;
  // Nothing has gone out, and nothing will: the server answers itself (problem(), or a local redirect).
  bool is_unsent() const;

 private:
  // (implementation's)
};

}  // namespace cgi
