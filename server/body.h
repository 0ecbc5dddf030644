// The length of a request body, and the chunked transfer coding of requests and responses. Pure: no socket.
//
// CPython passes Content-Length on unchecked ("-1", "5x"), and hands the chunk framing to the script as if it were
// data. Both make two programs disagree about where a request ends.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "request_head.h"

namespace cgi {

// The framing of a request body.
struct Framing {
  bool chunked = false;
  std::uint64_t length = 0;  // if not chunked; 0 without a body
  bool announced = false;    // the client sent a Content-Length field
};

// Decides the framing from Content-Length and Transfer-Encoding. Refuses with 400: a Content-Length that is not all
// digits, Content-Length fields that differ, both fields together, and Transfer-Encoding in an HTTP/1.0 request.
// Refuses with 501: any coding but chunked. A length above 64 bits becomes UINT64_MAX, which is refused later (413).
// rule: http/invalid-content-length-is-400, http/differing-lengths-are-refused, http/huge-length-does-not-overflow
// rule: http/no-framing-means-no-body  (RFC 9112 6.1-6.3; RFC 3875 4.1.2, 4.2)
std::variant<Framing, Refusal> framing_of(const Request& request);

// Removes the chunked coding, whatever pieces it arrives in.
// rule: http/chunked-body-is-decoded, cgi/transfer-coding-is-removed, http/chunk-size-is-plain-hex
// rule: http/trailers-stay-out-of-head  (RFC 9112 7.1)
class ChunkedDecoder {
 public:
  // Appends the decoded data to `data` and returns the number of octets used. Stops at the end of the body or at an
  // error. Reads and drops trailers: they must never become fields.
  std::size_t decode(std::string_view bytes, std::string& data);

  bool done() const { return state_ == State::kDone; }
  // The framing is broken: a bad size, a size above 64 bits, data that does not end in CRLF, an extension or trailer
  // line above 4096 octets, or trailers above 64 KiB.
  bool broken() const { return state_ == State::kBroken; }

 private:
  enum class State {
    kSize,
    kSizeSpace,
    kExtension,
    kSizeLf,
    kData,
    kDataCr,
    kDataLf,
    kTrailerLine,
    kTrailerLf,
    kDone,
    kBroken
  };
  State after(char c);

  State state_ = State::kSize;
  std::uint64_t left_ = 0;       // of the chunk
  std::size_t digits_ = 0;       // of the chunk size, so far
  std::size_t line_length_ = 0;  // of the extension or trailer line
  std::size_t trailer_octets_ = 0;
};

// Appends `data` as one chunk. Appends nothing for empty data: an empty chunk would be the last. RFC 9112 7.1.
void append_chunk(std::string& out, std::string_view data);

inline constexpr std::string_view kLastChunk = "0\r\n\r\n";

}  // namespace cgi
