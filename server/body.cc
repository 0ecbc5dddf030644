#include "body.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>
#include <limits>
#include <utility>

#include "field_syntax.h"

namespace cgi {
namespace {

constexpr std::size_t kLineLimit = 4096;          // octets of an extension, or of a trailer line
constexpr std::size_t kTrailerLimit = 64 * 1024;  // octets of all trailer lines, line ends included
constexpr std::size_t kSizeDigits = 16;           // 64 bits; leading zeros count, or there could be any number

bool is_chunked(std::string_view coding) { return equals_ignoring_case(coding, "chunked"); }

Refusal bad(std::string reason) { return {400, std::move(reason)}; }

}  // namespace

std::variant<Framing, Refusal> framing_of(const Request& request) {
  Framing framing;
  const auto codings = request.values("Transfer-Encoding");
  const auto lengths = request.values("Content-Length");
  if (!codings.empty()) {
    // Programs on the way disagree about where such requests end.
    // rule: http/transfer-encoding-beats-length, http/last-coding-is-chunked, http/unknown-coding-is-501
    // rule: http/no-transfer-encoding-in-http-1-0, http/disguised-transfer-encoding, cgi/undecodable-body-is-refused
    if (!request.is_current()) return bad("Transfer-Encoding in an HTTP/1.0 request");
    if (!lengths.empty()) return bad("Both Content-Length and Transfer-Encoding");
    if (std::ranges::count(codings, "") > 0) return bad("Empty Transfer-Encoding");
    if (!std::ranges::all_of(codings, is_chunked)) return Refusal{501, "Unsupported transfer coding"};
    if (codings.size() > 1) return bad("Repeated Transfer-Encoding");
    framing.chunked = true;
    return framing;
  }
  if (lengths.empty()) return framing;
  const std::string_view length = lengths.front();
  if (!is_number(length)) return bad("Bad Content-Length");  // rule: resource/odd-content-length-does-no-harm
  if (std::ranges::count(lengths, length) != std::ssize(lengths)) return bad("Content-Length fields that differ");
  framing.announced = true;
  framing.length = to_number<std::uint64_t>(length).value_or(std::numeric_limits<std::uint64_t>::max());
  return framing;
}

std::size_t ChunkedDecoder::decode(std::string_view bytes, std::string& data) {
  std::size_t used = 0;
  while (used < bytes.size() && !done() && !broken()) {
    if (state_ == State::kData) {
      const std::string_view rest = bytes.substr(used);
      const std::string_view part =
          rest.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(left_, rest.size())));
      data.append(part);  // rule: http/tiny-chunks-are-cheap
      used += part.size();
      left_ -= part.size();
      if (left_ == 0) state_ = State::kDataCr;
    } else {
      state_ = after(bytes[used++]);
    }
  }
  return used;
}

// Returns the state after one octet of the framing. A bare LF is no line end here: programs that accept it see other
// requests than programs that do not.
// rule: http/chunk-data-ends-in-crlf, http/chunk-extensions-ignored-and-limited
ChunkedDecoder::State ChunkedDecoder::after(char c) {
  switch (state_) {
    case State::kSize:
      if (const int digit = hex_value(c); digit >= 0) {
        if (++digits_ > kSizeDigits) return State::kBroken;
        left_ = left_ << 4 | static_cast<std::uint64_t>(digit);
        return State::kSize;
      }
      if (digits_ == 0) return State::kBroken;
      line_length_ = 1;
      if (c == ';') return State::kExtension;
      if (c == ' ' || c == '\t') return State::kSizeSpace;
      return c == '\r' ? State::kSizeLf : State::kBroken;
    case State::kSizeSpace:  // RFC 9112 7.1.1: only before an extension
      if (++line_length_ > kLineLimit) return State::kBroken;
      if (c == ';') return State::kExtension;
      return c == ' ' || c == '\t' ? State::kSizeSpace : State::kBroken;
    case State::kExtension:
      if (c == '\r') return State::kSizeLf;
      return is_control(c) || ++line_length_ > kLineLimit ? State::kBroken : State::kExtension;
    case State::kSizeLf:
      if (c != '\n') return State::kBroken;
      digits_ = 0;
      line_length_ = 0;
      return left_ == 0 ? State::kTrailerLine : State::kData;
    case State::kDataCr:
      return c == '\r' ? State::kDataLf : State::kBroken;
    case State::kDataLf:
      return c == '\n' ? State::kSize : State::kBroken;
    case State::kTrailerLine:
      if (c == '\r') return State::kTrailerLf;
      if (is_control(c) || ++line_length_ > kLineLimit) return State::kBroken;
      return ++trailer_octets_ > kTrailerLimit ? State::kBroken : State::kTrailerLine;
    case State::kTrailerLf:
      if (c != '\n') return State::kBroken;
      if (std::exchange(line_length_, 0) == 0) return State::kDone;
      trailer_octets_ += 2;
      return trailer_octets_ > kTrailerLimit ? State::kBroken : State::kTrailerLine;
    case State::kData:
    case State::kDone:
    case State::kBroken:
      break;
  }
  return State::kBroken;
}

void append_chunk(std::string& out, std::string_view data) {
  if (data.empty()) return;
  std::array<char, 16> size{};
  const auto [end, error] = std::to_chars(size.data(), size.data() + size.size(), data.size(), 16);
  // One allocation, also if the last chunk follows: a second one would copy all of it.
  out.reserve(out.size() + data.size() + 32);
  out.append(size.data(), end).append("\r\n").append(data).append("\r\n");
}

}  // namespace cgi
