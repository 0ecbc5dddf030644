// How slowly a client may take what it is sent. Pure: the time is an argument.
//
// A limit on each wait alone lets a client that takes an octet now and then hold its connection, and a script,
// for ever; one on the whole would depend on how long the response is. So the time that a client keeps us
// waiting is limited in proportion to what it has taken so far.  rule: resource/slow-head-is-limited
#pragma once

#include <cstddef>

#include "clock.h"

namespace cgi {

class SendPace {
 public:
  // At most `stall` passes without an octet; and, over the whole connection, not more than `stall` and the time
  // that what was taken needs at `octets_per_second`.
  explicit SendPace(Clock::duration stall = std::chrono::seconds(30), double octets_per_second = 1024)
      : stall_(stall), octets_per_second_(octets_per_second) {}

  // Nothing fits any more: from now on the client keeps us waiting, until it has taken something.
  void full(Clock::time_point now);
  void took(std::size_t octets, Clock::time_point now);

  // When a client that is waited for counts as gone; the end of time if it is not.
  Clock::time_point deadline() const;

 private:
  Clock::duration stall_;
  double octets_per_second_;
  double taken_ = 0;  // octets
  Clock::duration waited_{0};
  Clock::time_point waiting_since_ = Clock::time_point::max();
};

}  // namespace cgi
