#include "pace.h"

#include <algorithm>

namespace cgi {

void Pace::wait(Clock::time_point now) { waiting_since_ = std::min(waiting_since_, now); }

void Pace::moved(std::size_t octets, Clock::time_point now) {
  if (is_waiting()) waited_ += now - waiting_since_;
  waiting_since_ = Clock::time_point::max();
  moved_ += static_cast<double>(octets);
}

Clock::time_point Pace::deadline() const {
  if (!is_waiting()) return waiting_since_;
  using Seconds = std::chrono::duration<double>;
  const Seconds left = Seconds(stall_ - waited_) + Seconds(moved_ / octets_per_second_);
  return waiting_since_ + std::clamp(std::chrono::duration_cast<Clock::duration>(std::min(left, Seconds(stall_))),
                                     Clock::duration::zero(), stall_);
}

}  // namespace cgi
