// The connection of one client: a buffered httplib::Stream with absolute deadlines, which signals do not end.
//
// httplib's own stream waits anew for each read, so a client that sends one octet from time to time holds a thread for
// ever. A SIGCHLD in another thread ends its recv().  rule: resource/slow-head-is-limited
#pragma once

#include <httplib.h>
#include <sys/types.h>

#include <string>
#include <string_view>

#include "clock.h"
#include "send_pace.h"
#include "unique_fd.h"

namespace cgi {

enum class Fill { kData, kEnd, kTimeout, kBroken };

class Connection : public httplib::Stream {
 public:
  // Takes over `socket` and makes it non-blocking.
  explicit Connection(socket_t socket, SendPace pace = SendPace());

  // Waits until `deadline` for more octets and appends them to buffered().
  Fill fill(Clock::time_point deadline);
  // Does the same without waiting; kTimeout if nothing is there. At most `limit` octets stay buffered.
  Fill fill_now(std::size_t limit);
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

  // Ends the connection so that the last response arrives: sends no more, and reads and drops what the client is still
  // sending, within bounds. An early close would reset the connection, and the client would lose the response.
  // rule: http/early-error-is-not-lost, http/close-cuts-nothing-off  (RFC 9112 9.6)
  void linger(Clock::duration patience = std::chrono::seconds(2));

  // The functions of httplib::Stream in all its releases. No release has all of them, so none is marked override.
  bool is_readable() const;
  bool wait_readable() const;
  bool is_writable() const;
  bool wait_writable() const;
  ssize_t read(char* ptr, std::size_t size);
  ssize_t write(const char* ptr, std::size_t size);
  void get_remote_ip_and_port(std::string& ip, int& port) const;
  void get_local_ip_and_port(std::string& ip, int& port) const;
  socket_t socket() const;
  time_t duration() const { return 0; }

 private:
  bool wait_to_send() const;

  UniqueFd socket_;
  SendPace pace_;
  std::string buffer_;
  std::size_t consumed_ = 0;
};

}  // namespace cgi
