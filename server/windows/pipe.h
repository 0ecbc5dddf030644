// The server's end of a pipe to a script. It never waits: Windows reads and writes in the background, and sets an event
// once it is done. Only pipes with a name can do this.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string_view>

#include "unique_handle.h"

namespace cgi {

// The results of PipeEnd::read() and write() beside a number of octets.
inline constexpr int kPipeWaits = -1;   // event() tells when to try again
inline constexpr int kPipeBroken = -2;  // the other end is closed, and nothing is left to read

class PipeEnd {
 public:
  // Makes a pipe, and `script`, its other end, which a script inherits. Returns null if that fails.
  static std::unique_ptr<PipeEnd> make(bool writes, UniqueHandle& script);

  PipeEnd(const PipeEnd&) = delete;
  // Ends what is under way.
  ~PipeEnd();

  // Returns an event that is set once read() or write() can do something.
  HANDLE event() const { return event_.get(); }

  // Returns octets that have arrived in `octets`, at most `limit`. They live until the next call.
  int read(std::string_view& octets, std::size_t limit);
  // Takes some octets, and writes them in the background. Returns their number.
  int write(std::string_view octets);
  // Returns whether some of what write() took is still on its way.
  bool is_writing() { return !reads_ && !is_ready(); }
  // Returns whether read() or write() would not wait.
  bool is_ready();
  // Returns how many octets have arrived.
  std::size_t available();

 private:
  PipeEnd() = default;
  void begin(bool has_begun);

  UniqueHandle pipe_, event_;
  OVERLAPPED operation_{};
  std::array<char, 64 * 1024> block_;
  std::string_view arrived_;  // the part of `block_` that read() has not returned
  bool reads_ = false, pending_ = false, broken_ = false;
};

}  // namespace cgi
