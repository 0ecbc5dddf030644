// Scenario × load × target as benchmarks of Google Benchmark: their names, what one run is, and its counters.
//
// A run takes a given time, and is one iteration; what Google Benchmark calls its (manual) time is the time per
// request, the inverse of the throughput, so that `compare.py` and every other tool for its JSON compares the right
// thing. Runs of a given number of requests, which it would find out itself, measure the slowest client: where one of
// 64 waits a second for a lost SYN, a hundred requests already take long enough, and 20,000 that were served are never
// sent.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "latencies.h"
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

// What went wrong in all runs.
struct Tally {
  std::uint64_t failed = 0;
  std::uint64_t wrong = 0;
};

// How long a run is, and an answer may take.
struct Times {
  Nanoseconds run;
  Nanoseconds answer;
};

// What Google Benchmark appends to the name of such a benchmark.
inline constexpr char kNameEnd[] = "/iterations:1/manual_time";

void register_target(const LoadPoint& point, const Scenarios& scenarios, const Target& target, const Times& times,
                     Tally& tally);
void register_ceiling(const LoadPoint& point, const std::filesystem::path& docroot, const Times& times, Tally& tally);
// A name only, to be listed.
void register_name(const LoadPoint& point, const std::string& target);

}  // namespace cgi::bench
