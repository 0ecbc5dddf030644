// The clock for deadlines: it never goes back.
#pragma once

#include <chrono>

namespace cgi {

using Clock = std::chrono::steady_clock;

inline Clock::duration seconds(double count) {
  return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(count));
}

// Returns the time that is `count` seconds from now.
inline Clock::time_point from_now(double count) { return Clock::now() + seconds(count); }

}  // namespace cgi
