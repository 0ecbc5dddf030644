// Registers each scenario, load and target as a benchmark of Google Benchmark.
//
// A run takes a given time, and is one iteration. Its (manual) time is the time per request, the inverse of the
// throughput, so that `compare.py` and other tools for the JSON compare the right value. Google Benchmark could also
// find a number of requests for a run. That would measure the slowest client: if one of 64 clients waits a second for a
// lost SYN, a hundred requests take long enough for a run, and the server could have answered 20,000.
#pragma once

#include <filesystem>
#include <string>

#include "measurement.h"
#include "scenario.h"
#include "target.h"

namespace cgi::bench {

// The problems of all runs.
struct Tally {
  std::uint64_t failed = 0;
  std::uint64_t wrong = 0;
};

// Google Benchmark appends this to the name of such a benchmark.
inline constexpr char kNameEnd[] = "/iterations:1/manual_time";

void register_target(const LoadPoint& point, const Scenarios& scenarios, const Target& target, const Times& times,
                     Tally& tally);
void register_ceiling(const LoadPoint& point, const std::filesystem::path& docroot, const Times& times, Tally& tally);
// Registers a benchmark that has no figures, and why.
void register_skip(const LoadPoint& point, const std::string& target, const std::string& why);
// Registers a name for the list only.
void register_name(const LoadPoint& point, const std::string& target);

}  // namespace cgi::bench
