// Limits how slowly a client may take a response. Pure: the time is an argument.
//
// With a limit on each wait alone, a client that takes an octet from time to time could hold its connection, and a
// script, for ever. A limit on the whole time would depend on the length of the response. So the total time that the
// server waits is limited in proportion to the octets that the client has taken.
#pragma once

#include <cstddef>

#include "clock.h"

namespace cgi {

class SendPace {
 public:
  // The client must take an octet within `stall`. Over the whole connection the server waits at most `stall`, and one
  // second more for every `octets_per_second` octets that the client has taken.
  explicit SendPace(Clock::duration stall = std::chrono::seconds(30), double octets_per_second = 1024)
      : stall_(stall), octets_per_second_(octets_per_second) {}

  // The socket is full: the server waits from now on, until the client has taken something.
  void full(Clock::time_point now);
  void took(std::size_t octets, Clock::time_point now);

  // Returns the time at which the client counts as gone; the end of time if the server does not wait.
  Clock::time_point deadline() const;

 private:
  Clock::duration stall_;
  double octets_per_second_;
  double taken_ = 0;  // octets
  Clock::duration waited_{0};
  Clock::time_point waiting_since_ = Clock::time_point::max();
};

}  // namespace cgi
