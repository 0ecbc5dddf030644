#include "latencies.h"

#include <algorithm>
#include <cmath>

namespace cgi::bench {
namespace {

// In floating point, 99.9 % of 1000 is 999.0000000000001. It must not become rank 1000.
constexpr double kTolerance = 1e-9;

}  // namespace

Nanoseconds Latencies::percentile(double percent) {
  if (all_.empty()) return Nanoseconds::zero();
  const double rank = std::ceil(percent / 100.0 * static_cast<double>(all_.size()) - kTolerance);
  const auto last = static_cast<double>(all_.size());
  const auto index = static_cast<std::ptrdiff_t>(std::clamp(rank, 1.0, last)) - 1;
  std::nth_element(all_.begin(), all_.begin() + index, all_.end());
  return all_[static_cast<std::size_t>(index)];
}

bool Latencies::resolves(double percent) const {
  return static_cast<double>(all_.size()) * (100.0 - percent) / 100.0 + kTolerance >= 1.0;
}

}  // namespace cgi::bench
