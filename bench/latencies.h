// The latencies of one run, exact: every one is kept, and percentiles are read off the sorted list. A run has a
// few million of them at most, so a histogram's rounding would save nothing.
#pragma once

#include <chrono>
#include <cstddef>
#include <vector>

namespace cgi::bench {

using Nanoseconds = std::chrono::nanoseconds;

class Latencies {
 public:
  void reserve(std::size_t count) { all_.reserve(count); }
  void add(Nanoseconds latency) { all_.push_back(latency); }
  void add(const Latencies& others) { all_.insert(all_.end(), others.all_.begin(), others.all_.end()); }
  std::size_t count() const { return all_.size(); }

  // The smallest latency that at least `percent` of all are not above ("nearest rank"); zero if there are none.
  Nanoseconds percentile(double percent);

  // Whether there are enough of them for one to lie beyond that percentile; p99.9 of 500 would be their maximum.
  bool resolves(double percent) const;

 private:
  std::vector<Nanoseconds> all_;
};

}  // namespace cgi::bench
