#include "send_pace.h"

#include <algorithm>

namespace cgi {

void SendPace::full(Clock::time_point now) { waiting_since_ = std::min(waiting_since_, now); }

void SendPace::took(std::size_t octets, Clock::time_point now) {
  if (waiting_since_ != Clock::time_point::max()) waited_ += now - waiting_since_;
  waiting_since_ = Clock::time_point::max();
  taken_ += static_cast<double>(octets);
}

Clock::time_point SendPace::deadline() const {
  if (waiting_since_ == Clock::time_point::max()) return waiting_since_;
  using Seconds = std::chrono::duration<double>;
  const Seconds left = Seconds(stall_ - waited_) + Seconds(taken_ / octets_per_second_);
  return waiting_since_ + std::clamp(std::chrono::duration_cast<Clock::duration>(std::min(left, Seconds(stall_))),
                                     Clock::duration::zero(), stall_);
}

}  // namespace cgi
