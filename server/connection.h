// The connection of one client: buffered, with absolute deadlines, which signals do not end.
//
// httplib::Stream waits anew for each read, so a client that sends one octet from time to time would hold a thread for
// ever. A SIGCHLD in another thread ends its recv().  rule: resource/slow-head-is-limited
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "clock.h"
#include "pace.h"
#include "unique_fd.h"

namespace cgi {

enum class Fill { kData, kEnd, kTimeout, kBroken };  // broken: also without memory for the octets

class Connection {
 public:
  // Takes over `socket`, which must be non-blocking.
  explicit Connection(UniqueFd socket, Pace pace = Pace()) : socket_(std::move(socket)), pace_(pace) {}

  int socket() const { return socket_.get(); }

  // Appends the octets that are here to buffered(); kTimeout if there are none. At most `limit` octets stay buffered.
  Fill fill_now(std::size_t limit);
  // The same for the next 16 KiB.  rule: resource/pipelining-is-bounded
  Fill fill_now();
  // The last fill took all that was there.
  bool is_drained() const { return drained_; }
  // Returns how many octets have arrived in all.
  std::uint64_t received() const { return received_; }
  // Returns the octets that arrived and were not consumed.
  std::string_view buffered() const { return std::string_view(buffer_).substr(consumed_); }
  void consume(std::size_t count);

  // Sends all of `bytes`. Returns false if the client is gone, or takes them too slowly.
  bool send_all(std::string_view bytes);
  // Sends what fits without waiting. Returns the count; 0 if nothing fits, -1 if the client is gone.
  ssize_t send_now(std::string_view bytes);
  // Returns the time at which a client that still has to take octets counts as gone.
  Clock::time_point send_deadline() const { return pace_.deadline(); }
  // Sends the first `length` octets of `file`. Returns false as send_all() does, or if the file is shorter now.
  bool send_file(int file, off_t length);

 private:
  UniqueFd socket_;
  Pace pace_;
  std::string buffer_;
  std::size_t consumed_ = 0;
  std::uint64_t received_ = 0;
  bool drained_ = false;
};

}  // namespace cgi
