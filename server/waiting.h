// Waits for the sockets of an event loop, and has the calls on sockets that each system has in its own way.
//
// waiting_epoll.cc is for Linux, waiting_poll.cc for every POSIX system.
#pragma once

#include <poll.h>
#include <sys/socket.h>

#include <functional>
#include <memory>

#include "unique_fd.h"

namespace cgi {

struct Watched {
  int fd = -1;
  unsigned state = 0;      // for the Waiter; 0: not watched
  bool has_ended = false;  // the client has ended its side
};

class Waiter {
 public:
  enum class For { kReadable, kWritable, kAcceptable };

  // Throws std::system_error if the system has no descriptors.
  Waiter();
  // Makes wait() report `socket` once: when it is readable, writable or has a client to accept, or has ended. Before
  // the caller watches it again for reading, it must have read all octets, or have forgotten the socket. Returns false
  // if the system cannot watch it.
  bool watch(Watched& socket, For wanted);
  void forget(Watched& socket);
  // Calls `on_event` for the sockets to tell of. Waits for the first one, or for ever if `milliseconds` is negative.
  void wait(int milliseconds, const std::function<void(Watched&)>& on_event);
  // Ends the wait, or the next one. Any thread may call this.
  void wake();

 private:
  struct System;
  std::shared_ptr<System> system_;
};

// Asks the system not to interrupt another thread for an event of the calling thread. More events arrive meanwhile, and
// many at once cost less. Threads that this thread starts inherit that, until they call prefer_early_events().
void prefer_many_events();
void prefer_early_events();

// Asks the system to send without pauses to clients of `listener` that are on this machine.
void end_pacing(int listener);

// Accepts a client. Its socket is non-blocking, and no script inherits it. Without a client, errno says why.
UniqueFd accept_client(int listener, sockaddr_storage& address);

// Sends octets of `file` from `at` on, and moves `at`. Returns as send() does; 0 at the end of the file.
ssize_t send_from_file(int socket, int file, off_t& at, std::size_t count);

// Has poll() tell that a client has ended its side, even if octets before the end are unread.
class HalfClose {
 public:
  explicit HalfClose(int client);
  // Returns what poll() is to wait for. Its fd is -1 if the system tells nothing: then the caller must read ahead.
  const pollfd& entry() const { return entry_; }
  // Returns whether the client has ended its side. poll() has set `revents` of the entry.
  bool happened(short revents) const;

 private:
  UniqueFd queue_;  // of a kqueue
  pollfd entry_{-1, POLLIN, 0};
};

}  // namespace cgi
