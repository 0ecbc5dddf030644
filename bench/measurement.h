// Measures one load of one scenario on one target, once.
//
// A scenario with a burst takes as long as the burst. A scenario that is fresh has a new server for each run, so that
// its memory is that of this load alone.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "accounting.h"
#include "load.h"
#include "scenario.h"
#include "target.h"

namespace cgi::bench {

// One load of one scenario.
struct LoadPoint {
  const Scenario* scenario = nullptr;
  int clients = 1;
  double rate = 0;

  std::string name() const;  // "cgi-hello/8", "cgi-hello/at-400"
  // Only loads that run a script have a ceiling.
  bool has_ceiling() const { return rate == 0 && !scenario->script().empty(); }
  // Returns the number of files that cgi-bench, and the server, must be able to open.
  std::uint64_t open_files() const;
};

std::vector<LoadPoint> load_points(const Scenarios& scenarios);

// The length of a run, and the timeout of an answer.
struct Times {
  Nanoseconds run;
  Nanoseconds answer;
};

struct Measurement {
  std::string problem;  // why there are no figures; empty if there are
  LoadResult load;      // with the failures and wrong answers of the burst, and the idle connections that closed
  LoadResult burst;
  Footprint rest;    // before the first request, if the scenario is fresh
  Footprint loaded;  // the largest values during the load
  std::optional<double> cpu_seconds;

  // Returns the processor time of the server and its scripts for one request, in microseconds.
  std::optional<double> cpu_per_request() const;
};

Measurement measure(const LoadPoint& point, const Scenarios& scenarios, const Target& target, const Times& times);

}  // namespace cgi::bench
