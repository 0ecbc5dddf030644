// Decides which connections the server serves, and in which loop.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "event_loop.h"

namespace cgi {

// The server serves a new connection, refuses it with one response, or closes it.
enum class Entry {
  kServed,
  kRefused,  // there are too many
  kClosed,   // there are too many that are refused, too
};

// Threads of different loops may call these functions at the same time. `loop` is the loop of the caller.
class Admission {
 public:
  using Loops = std::vector<std::unique_ptr<EventLoop>>;

  // Has `most` connections served at once, and `most_per_address` of one address; 0 there is no limit.
  Admission(const Loops& loops, std::size_t most, std::size_t most_per_address)
      : loops_(loops), most_(most), most_per_address_(most_per_address) {}

  // Returns the loop that should serve the next connection.
  EventLoop& loop_with_fewest(EventLoop& loop) const;
  // Counts a new connection. Beyond the limit the oldest quiet one gives way.
  // rule: resource/quiet-connection-gives-way, resource/overload-is-503
  Entry enter(EventLoop& loop, const std::string& address);
  // Counts the end of a connection that was served or refused.
  void leave(Entry entry, const std::string& address);
  // Closes the connection that has been quiet for longest, in whichever loop. Returns false if none is quiet.
  bool make_room(EventLoop& loop) const;

 private:
  bool admit(EventLoop& loop, const std::string& address);

  const Loops& loops_;
  const std::size_t most_, most_per_address_;

  std::mutex mutex_;
  std::size_t served_ = 0;  // guarded by mutex_, as the next ones
  std::size_t refused_ = 0;
  std::map<std::string, std::size_t> served_of_;  // by address, if there is a limit for each
};

}  // namespace cgi
