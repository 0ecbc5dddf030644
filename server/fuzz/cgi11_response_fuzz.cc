// Feeds a script's output to Cgi11Response, whole and in two pieces. Both must make the same response. It must be one
// response of HTTP that holds the script's content only. The first octet of the data chooses the terms, the second is
// the length of the first piece.

#include <cstdint>
#include <string>

#include "body.h"
#include "cgi11_response.h"
#include "field_syntax.h"
#include "require.h"
#include "sent_by.h"

namespace {

using cgi::require;

// Checks the head of the response `sent` and returns its content.
std::string content_of(const std::string& sent, bool head_only, bool closed_in_time) {
  const std::size_t end = cgi::header_section_end(sent);
  require(end != sent.npos && sent.compare(0, 9, "HTTP/1.1 ") == 0 && sent[12] == ' ');
  for (std::size_t i = 0; i < end; ++i) {
    const auto octet = static_cast<unsigned char>(sent[i]);
    require(octet >= 0x20 || octet == '\t' || (octet == '\r' && sent[i + 1] == '\n') ||
            (octet == '\n' && sent[i - 1] == '\r'));
  }
  const std::string head = sent.substr(0, end);
  const std::size_t length = head.find("\r\nContent-Length: ");
  const bool chunked = head.find("\r\nTransfer-Encoding: chunked\r\n") != head.npos;
  require(!(chunked && length != head.npos));
  require(length == head.npos || head.find("\r\nContent-Length: ", length + 1) == head.npos);
  std::string content = sent.substr(end);
  const std::string status = head.substr(9, 3);
  if (head_only || status == "204" || status == "205" || status == "304") {
    require(content.empty() && !chunked);
  } else if (chunked) {
    cgi::ChunkedDecoder decoder;
    std::string decoded;
    require(decoder.decode(content, decoded) == content.size() && decoder.done());
    content = decoded;
  } else if (length != head.npos && closed_in_time) {
    require(std::to_string(content.size()) == head.substr(length + 18, head.find('\r', length + 2) - length - 18));
  }
  return content;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view output(reinterpret_cast<const char*>(data) + 2, size - 2);
  const std::size_t cut = data[1] % (output.size() + 1);
  const std::string_view first = output.substr(0, cut), second = output.substr(cut);
  const cgi::ResponseTerms terms{"Server: s\r\n", (data[0] & 1) != 0, (data[0] & 2) != 0, (data[0] & 4) != 0};

  cgi::Cgi11Response whole(terms), pieces(terms), streamed(terms);
  const std::string sent = cgi::sent_by(whole, {output});
  require(sent == cgi::sent_by(pieces, {first, second}));
  const std::string stream = cgi::sent_by(streamed, {first, second}, true);
  require(whole.problem() == pieces.problem() && whole.problem() == streamed.problem());
  require(!whole.status() == sent.empty() && !streamed.status() == stream.empty() && sent.empty() == stream.empty());
  require((whole.is_refused() || !whole.local_location().empty()) == sent.empty());
  require(whole.held() == 0 && streamed.held() == 0);
  for (char c : whole.problem()) require(c >= 0x20 && c <= 0x7e);
  if (sent.empty()) return 0;
  require(whole.keeps_connection() == terms.may_stay_open);
  const std::string content = content_of(sent, terms.head_only, true);
  require(content == content_of(stream, terms.head_only, streamed.keeps_connection()));
  require(output.find(content) != output.npos);
  return 0;
}
