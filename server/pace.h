// Limits how slowly a client may take a response or send a body. Pure: the time is an argument.
//
// With a limit on each wait alone, a client that moves an octet from time to time could hold its connection, and a
// script, for ever. A limit on the whole time would depend on the length of the message. So the total time that the
// server waits is limited in proportion to the octets that the client has moved.  rule: resource/slow-body-is-limited
#pragma once

#include <algorithm>
#include <cstddef>

#include "clock.h"

namespace cgi {

class Pace {
 public:
  // The client must move an octet within `stall`. In all the server waits at most `stall`, and one second more for
  // every `octets_per_second` octets that the client has moved.
  explicit Pace(Clock::duration stall = std::chrono::seconds(30), double octets_per_second = 1024)
      : stall_(stall), octets_per_second_(octets_per_second) {}

  // The server waits from now on, until the client has moved something.
  void wait(Clock::time_point now) { waiting_since_ = std::min(waiting_since_, now); }
  void moved(std::size_t octets, Clock::time_point now) {
    if (is_waiting()) waited_ += now - waiting_since_;
    waiting_since_ = Clock::time_point::max();
    moved_ += static_cast<double>(octets);
  }
  bool is_waiting() const { return waiting_since_ != Clock::time_point::max(); }

  // Returns the time at which the client counts as gone; the end of time if the server does not wait.
  Clock::time_point deadline() const {
    if (!is_waiting()) return waiting_since_;
    using Seconds = std::chrono::duration<double>;
    const Seconds left = Seconds(stall_ - waited_) + Seconds(moved_ / octets_per_second_);
    return waiting_since_ + std::clamp(std::chrono::duration_cast<Clock::duration>(std::min(left, Seconds(stall_))),
                                       Clock::duration::zero(), stall_);
  }

 private:
  Clock::duration stall_;
  double octets_per_second_;
  double moved_ = 0;  // octets
  Clock::duration waited_{0};
  Clock::time_point waiting_since_ = Clock::time_point::max();
};

}  // namespace cgi
