// Feeds a script's output to UninterpretedResponse, whole and in pieces. The response must hold the output as it is; if
// the connection stays open, it must hold the same content, with one framing field. The first octet of the data chooses
// the terms, the second is the length of the first piece.

#include <algorithm>
#include <cstdint>
#include <string>

#include "body.h"
#include "field_syntax.h"
#include "require.h"
#include "sent_by.h"
#include "uninterpreted_response.h"

namespace {

using cgi::require;

constexpr std::string_view kHead = "HTTP/1.1 200 Script output follows\r\nServer: s\r\n";
constexpr std::string_view kFraming[] = {"content-length", "transfer-encoding", "connection", "keep-alive"};

// Checks that the response has one field that frames it, which no line continues. Returns its content.
std::string framed_content(std::string_view sent) {
  const std::size_t end = cgi::header_section_end(sent);
  require(end != sent.npos);
  std::string_view head = sent.substr(0, end), content = sent.substr(end);
  std::string_view name, value;
  bool follows_framing = false;
  while (!head.empty()) {
    const std::string_view line = cgi::cut(head, '\n');
    const std::size_t colon = line.find(':');
    const bool is_folded = line[0] == ' ' || line[0] == '\t';  // part of the field before
    require(!is_folded || !follows_framing);
    follows_framing = false;
    if (colon == line.npos || is_folded) continue;
    if (!cgi::is_one_of(kFraming, cgi::trim(line.substr(0, colon)))) continue;
    require(name.empty());
    follows_framing = true;
    name = line.substr(0, colon), value = cgi::trim(line.substr(colon + 1, line.find('\r') - colon - 1));
  }
  if (name == "Content-Length") {
    require(value == std::to_string(content.size()));
    return std::string(content);
  }
  require(name == "Transfer-Encoding" && value == "chunked");
  cgi::ChunkedDecoder decoder;
  std::string decoded;
  require(decoder.decode(content, decoded) == content.size() && decoder.done());
  return decoded;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view output(reinterpret_cast<const char*>(data) + 2, size - 2);
  const std::size_t cut = data[1] % (output.size() + 1);
  const std::string_view first = output.substr(0, cut), second = output.substr(cut);
  const auto delimiting = (data[0] & 1) != 0 ? cgi::Delimiting::kFramed : cgi::Delimiting::kClose;
  const bool head_only = (data[0] & 2) != 0;
  std::string head(kHead);

  cgi::UninterpretedResponse whole(head, delimiting, head_only), pieces(head, delimiting, head_only),
      streamed(head, delimiting, head_only);
  const std::string sent = cgi::sent_by(whole, {output});
  require(sent == cgi::sent_by(pieces, {first, second}) && sent.starts_with(head));
  const std::string stream = cgi::sent_by(streamed, {first, second}, true);
  require(stream.starts_with(head));
  require(whole.held() == 0 && streamed.held() == 0 && whole.keeps_connection() == streamed.keeps_connection());
  require(delimiting == cgi::Delimiting::kFramed || !whole.keeps_connection());
  // A header section without an end.
  if (delimiting == cgi::Delimiting::kFramed && !whole.keeps_connection()) head += "Connection: close\r\n";
  const std::size_t end = cgi::header_section_end(output);
  if (head_only) {
    require(sent == stream);
    if (whole.keeps_connection()) require(cgi::header_section_end(sent) == sent.size());
    if (!whole.keeps_connection()) require(sent == head + std::string(output.substr(0, end)));
  } else if (whole.keeps_connection()) {
    const std::string content(output.substr(std::min(end, output.size())));
    require(framed_content(sent) == content && framed_content(stream) == content);
  } else {
    require(sent == head + std::string(output) && stream == sent);
  }
  return 0;
}
