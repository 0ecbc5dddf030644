// How long the request body is, and the chunked transfer coding. Pure: no socket.
//
// CPython copies Content-Length into the environment unread ("-1", "5x") and hands chunk framing to the
// script as if it were data. Both make two programs disagree about where a request ends.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "request_head.h"

namespace cgi {

// The framing of a request body.
struct Framing {
  bool chunked = false;
  std::uint64_t length = 0;  // if not chunked; 0 without a body
  bool announced = false;    // a Content-Length field was sent
};

// Decides the framing from Content-Length and Transfer-Encoding. Refusals: 400 for a Content-Length that is
// not 1*DIGIT, for several that differ, for both fields together, for Transfer-Encoding in an HTTP/1.0
// request; 501 for any coding but chunked. A length too large for 64 bits becomes UINT64_MAX (413 later).
// rule: http/invalid-content-length-is-400, http/differing-lengths-are-refused, http/huge-length-does-not-overflow
// rule: http/transfer-encoding-beats-length, http/last-coding-is-chunked, http/unknown-coding-is-501
// rule: http/no-transfer-encoding-in-http-1-0, http/disguised-transfer-encoding, http/no-framing-means-no-body
// (RFC 9112 6.1-6.3; RFC 3875 4.1.2, 4.2)
std::variant<Framing, Refusal> framing_of(const Request& request);

// Removes the chunked coding, however it is cut into pieces.
// rule: http/chunked-body-is-decoded, cgi/transfer-coding-is-removed, http/chunk-size-is-plain-hex
// rule: http/trailers-stay-out-of-head  (RFC 9112 7.1)
class ChunkedDecoder {
 public:
  // Takes bytes, appends decoded data to `data`; returns how many bytes it used. Stops at the end of the
  // body (trailers are read and dropped: they never become fields) or at an error.
  std::size_t decode(std::string_view bytes, std::string& data);

  bool done() const { return state_ == State::kDone; }
  // The framing is broken: bad size, size over 64 bits, data not ended by CRLF, extension or trailer
  // line over 4096 octets, more than 64 KiB of trailers.
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
  std::size_t digits_ = 0;       // of the chunk size seen
  std::size_t line_length_ = 0;  // of the extension or trailer line
  std::size_t trailer_octets_ = 0;
};

}  // namespace cgi
