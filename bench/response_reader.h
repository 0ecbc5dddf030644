// Reads one response after another from octets as they arrive: status, framing, content. Pure. It is as tolerant as a
// browser: cgi-conform tests conformance, and cgi-bench must also measure old servers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "content.h"

namespace cgi::bench {

class ResponseReader {
 public:
  enum class State { kHead, kContent, kComplete, kBroken };

  // Begins the next response. Its content goes to `check`.
  void begin(ContentCheck& check);

  // Takes octets and returns how many belong to this response.
  std::size_t take(std::string_view octets);

  // The server sends no more. This completes a response that ends with the connection.
  void end_of_input();

  State state() const { return state_; }
  // No octet of this response has arrived.
  bool untouched() const { return !touched_; }
  // The octets are no response but TLS.
  bool is_tls() const { return is_tls_; }
  int status() const { return status_; }
  // Returns whether the connection can carry another request after this response.
  bool keeps_connection() const { return keeps_connection_ && framing_ != Framing::kUntilEnd; }

 private:
  enum class Framing { kLength, kChunks, kUntilEnd };
  enum class Chunk { kSize, kData, kDataEnd, kTrailer };

  void take_head(std::string_view head);
  void take_field(std::string_view name, std::string_view value);
  std::size_t take_content(std::string_view octets);
  std::size_t take_chunks(std::string_view octets);
  bool take_chunk_line();

  ContentCheck* check_ = nullptr;
  State state_ = State::kHead;
  std::string partial_;  // a part of a head, or of a line of chunked framing
  Framing framing_ = Framing::kUntilEnd;
  Chunk chunk_ = Chunk::kSize;
  std::uint64_t left_ = 0;  // octets of the content, or of the chunk
  int status_ = 0;
  bool keeps_connection_ = false;
  bool touched_ = false;
  bool is_tls_ = false;
};

}  // namespace cgi::bench
