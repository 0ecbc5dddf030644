// The latencies of one run. This keeps each of them, so that percentiles are exact. A run has a few million at most, so
// a histogram would save little.
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

  // Returns the smallest latency that `percent` of all do not exceed ("nearest rank"); zero without latencies.
  Nanoseconds percentile(double percent);

  // Returns whether at least one latency lies above the percentile. The p99.9 of 500 latencies would be their maximum.
  bool resolves(double percent) const;

 private:
  std::vector<Nanoseconds> all_;
};

}  // namespace cgi::bench
