// Feeds octets to the chunked decoder, whole and in two pieces. Both must return the same, which is the content of
// the chunks. The first octet of the data is the length of the first piece.

#include <algorithm>
#include <cstdint>
#include <string>

#include "body.h"
#include "require.h"

namespace {

// Reads a complete body, chunk by chunk.
std::string content_of(std::string_view bytes) {
  std::string content;
  for (;;) {
    const std::size_t digits = std::min(bytes.find_first_not_of("0123456789abcdefABCDEF"), bytes.size());
    cgi::require(digits >= 1 && digits <= 16);
    const std::size_t size = std::stoull(std::string(bytes.substr(0, digits)), nullptr, 16);
    bytes.remove_prefix(bytes.find("\r\n") + 2);
    if (size == 0) return content;
    cgi::require(size < bytes.size() && bytes.substr(size, 2) == "\r\n");
    content += bytes.substr(0, size);
    bytes.remove_prefix(size + 2);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t cut = data[0] % (bytes.size() + 1);

  cgi::ChunkedDecoder whole;
  std::string body;
  const std::size_t used = whole.decode(bytes, body);
  cgi::ChunkedDecoder pieces;
  std::string joined;
  std::size_t sum = pieces.decode(bytes.substr(0, cut), joined);
  sum += pieces.decode(bytes.substr(cut), joined);

  const bool same = sum == used && joined == body && whole.done() == pieces.done() && whole.broken() == pieces.broken();
  const bool sane = used <= bytes.size() && body.size() <= used && !(whole.done() && whole.broken());
  const bool stops = whole.done() || whole.broken() || used == bytes.size();
  cgi::require(same && sane && stops);
  cgi::require(!whole.done() || content_of(bytes) == body);
  return 0;
}
