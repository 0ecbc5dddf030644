// The clock that deadlines are measured with: it only goes forward.
#pragma once

#include <chrono>

namespace cgi {

using Clock = std::chrono::steady_clock;

}  // namespace cgi
