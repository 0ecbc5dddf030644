// Scenario × load × target as benchmarks of Google Benchmark: their names, what one run is, and its counters.
//
// An iteration is a request; real time is time per request, the inverse of the throughput, and processor time is that
// of this program. So `compare.py` and every other tool for Google Benchmark's JSON reads the figures rightly.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "scenario.h"
#include "target.h"

namespace cgi::bench {

// One load of one scenario.
struct LoadPoint {
  const Scenario* scenario = nullptr;
  int clients = 1;
  double rate = 0;

  std::string name() const;  // "cgi-hello/8", "cgi-hello/at-400"
  // It runs a script, so that there is a ceiling to compare it with.
  bool has_ceiling() const { return rate == 0 && !scenario->script().empty(); }
};

std::vector<LoadPoint> load_points(const Scenarios& scenarios);

// What went wrong in all runs, those included that only find out how many requests fill the time.
struct Tally {
  std::uint64_t failed = 0;
  std::uint64_t wrong = 0;
};

void register_target(const LoadPoint& point, const Scenarios& scenarios, const Target& target, Nanoseconds timeout,
                     Tally& tally);
void register_ceiling(const LoadPoint& point, const std::filesystem::path& docroot, Tally& tally);
// A name only, to be listed.
void register_name(const LoadPoint& point, const std::string& target);

}  // namespace cgi::bench
