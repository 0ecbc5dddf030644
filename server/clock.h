// The clock for deadlines: it never goes back.
#pragma once

#include <chrono>

namespace cgi {

using Clock = std::chrono::steady_clock;

// Returns the time that is `seconds` from now.
inline Clock::time_point from_now(double seconds) {
  return Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
}

}  // namespace cgi
