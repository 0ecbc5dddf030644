#include "families.h"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <memory>

#include "ceiling.h"
#include "crowd.h"

namespace cgi::bench {
namespace {

constexpr double kBusy = 0.9;  // of a core: from then on, the run measures the client
constexpr std::pair<const char*, double> kPercentiles[] = {{"p10_ms", 10},     {"p25_ms", 25}, {"p50_ms", 50},
                                                           {"p75_ms", 75},     {"p90_ms", 90}, {"p99_ms", 99},
                                                           {"p99.9_ms", 99.9}, {"max_ms", 100}};

double milliseconds(Nanoseconds time) { return std::chrono::duration<double, std::milli>(time).count(); }

// Sets the counters that every run has. Returns why the run has no valid figures; empty if it has.
std::string report(benchmark::State& state, LoadResult& result, Tally& tally) {
  tally.failed += result.failed;
  tally.wrong += result.wrong;
  if (result.wrong > 0) {
    return "INVALID: " + std::to_string(result.wrong) + " of " + std::to_string(result.asked) +
           " answers were wrong: " + result.first_wrong;
  }
  if (result.latencies.count() == 0) return "no answers: " + result.first_failure;
  const auto right = static_cast<double>(std::max<std::uint64_t>(result.in_time, 1));
  state.SetIterationTime(result.seconds / right);
  state.counters["requests_per_second"] = static_cast<double>(result.in_time) / result.seconds;
  state.SetBytesProcessed(static_cast<std::int64_t>(static_cast<double>(result.octets) / right));
  for (const auto& [name, percent] : kPercentiles) {
    if (percent == 100 || result.latencies.resolves(percent)) {
      state.counters[name] = milliseconds(result.latencies.percentile(percent));
    }
  }
  state.counters["failures"] = static_cast<double>(result.failed);
  std::string label = result.failed > 0 ? "FAILURES: " + result.first_failure : "";
  if (result.cpu_share >= kBusy) label += label.empty() ? "client at its limit" : ", client at its limit";
  state.SetLabel(label);
  return "";
}

void report_footprint(benchmark::State& state, const std::string& of, const Footprint& footprint) {
  if (footprint.processes == 0) return;
  if (footprint.memory > 0) state.counters[of + "_memory_mb"] = static_cast<double>(footprint.memory) / 1e6;
  state.counters[of + "_threads"] = static_cast<double>(footprint.threads);
  state.counters[of + "_processes"] = static_cast<double>(footprint.processes);
}

// `given_up` is the problem of an earlier run. Another run would only wait for the same timeout.
void run_target(benchmark::State& state, const LoadPoint& point, const Scenarios& scenarios, const Target& target,
                const Times& times, Tally& tally, std::string& given_up) {
  if (!given_up.empty()) return state.SkipWithError(given_up.c_str());
  Measurement measured;
  while (state.KeepRunning()) {
    try {
      measured = measure(point, scenarios, target, times);
    } catch (const TargetError& error) {
      measured.problem = error.what();
    }
  }
  if (!measured.problem.empty()) ++tally.failed;
  const auto cpu = measured.cpu_per_request();
  const auto asked = static_cast<double>(measured.load.asked);
  given_up = measured.problem.empty() ? report(state, measured.load, tally) : measured.problem;
  if (!given_up.empty()) return state.SkipWithError(given_up.c_str());
  state.counters["client_cpu"] = measured.load.cpu_share;
  state.counters["connections_per_request"] = static_cast<double>(measured.load.connections) / asked;
  if (cpu) state.counters["server_cpu_us"] = *cpu;
  report_footprint(state, "server", measured.loaded);
  report_footprint(state, "rest", measured.rest);
  if (measured.burst.latencies.count() == 0) return;
  state.counters["beside_p50_ms"] = milliseconds(measured.burst.latencies.percentile(50));
  state.counters["beside_max_ms"] = milliseconds(measured.burst.latencies.percentile(100));
}

void run_without_server(benchmark::State& state, const CeilingPlan& plan, Tally& tally) {
  LoadResult result;
  while (state.KeepRunning()) result = run_ceiling(plan);
  if (const std::string problem = report(state, result, tally); !problem.empty()) state.SkipWithError(problem.c_str());
}

template <typename Run>
void add(const std::string& name, Run run) {
  benchmark::RegisterBenchmark(name.c_str(), run)->Iterations(1)->UseManualTime()->Unit(benchmark::kMicrosecond);
}

void add_skip(const std::string& name, const std::string& why) {
  add(name, [why](benchmark::State& state) { state.SkipWithError(why.c_str()); });
}

}  // namespace

void register_target(const LoadPoint& point, const Scenarios& scenarios, const Target& target, const Times& times,
                     Tally& tally) {
  const std::string name = point.name() + "/" + target.name;
  if (!target.invalid.empty()) return add_skip(name, "INVALID: " + target.invalid);
  if (const auto found = target.not_offered.find(point.scenario->name); found != target.not_offered.end()) {
    return add_skip(name, "not offered: " + found->second);
  }
  if (const std::string why = allow_open_files(point.open_files()); !why.empty()) return add_skip(name, why);
  const auto given_up = std::make_shared<std::string>();
  add(name, [&scenarios, &target, &tally, point, times, given_up](benchmark::State& state) {
    run_target(state, point, scenarios, target, times, tally, *given_up);
  });
}

void register_ceiling(const LoadPoint& point, const std::filesystem::path& docroot, const Times& times, Tally& tally) {
  CeilingPlan plan;
  plan.script = (docroot / point.scenario->script()).string();
  plan.directory = (docroot / "cgi-bin").string();
  plan.input = point.scenario->send;
  plan.expected = &point.scenario->expected;
  plan.clients = point.clients;
  plan.duration = times.run;
  add(point.name() + "/ceiling", [plan, &tally](benchmark::State& state) { run_without_server(state, plan, tally); });
}

void register_skip(const LoadPoint& point, const std::string& target, const std::string& why) {
  add_skip(point.name() + "/" + target, why);
}

void register_name(const LoadPoint& point, const std::string& target) {
  add(point.name() + "/" + target, [](benchmark::State&) {});
}

}  // namespace cgi::bench
