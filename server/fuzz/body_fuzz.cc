// Feeds octets to the chunked decoder, whole and in two pieces. Both must have the same result. The first octet of the
// data is the length of the first piece.

#include <cstdint>

#include "body.h"
#include "require.h"

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
  return 0;
}
