// One response after another, from octets as they arrive: status, framing, content. Pure, and as tolerant as a
// browser: the servers to be measured are old and new, and their conformance is not this program's business.
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

  // Readies it for the next response; its content goes to `check`.
  void begin(ContentCheck& check);

  // Takes octets; returns how many belong to this response.
  std::size_t take(std::string_view octets);

  // The server will send no more: completes a response that is framed by the end of the connection.
  void end_of_input();

  State state() const { return state_; }
  // Nothing of this response has come in yet.
  bool untouched() const { return !touched_; }
  int status() const { return status_; }
  // The connection can carry another request, once the response is complete.
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
  std::string partial_;  // of a head or a line of chunked framing that came in pieces
  Framing framing_ = Framing::kUntilEnd;
  Chunk chunk_ = Chunk::kSize;
  std::uint64_t left_ = 0;  // of the content, or of the chunk
  int status_ = 0;
  bool keeps_connection_ = false;
  bool touched_ = false;
};

}  // namespace cgi::bench
