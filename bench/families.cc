#include "families.h"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>

#include "accounting.h"
#include "ceiling.h"
#include "load.h"

namespace cgi::bench {
namespace {

constexpr int kOpenLoopClients = 64;  // so many requests may wait for their answers
constexpr double kBusy = 0.9;         // of a core: from then on, the run measures the client
constexpr std::pair<const char*, double> kPercentiles[] = {{"p10_ms", 10},     {"p25_ms", 25}, {"p50_ms", 50},
                                                           {"p75_ms", 75},     {"p90_ms", 90}, {"p99_ms", 99},
                                                           {"p99.9_ms", 99.9}, {"max_ms", 100}};

double milliseconds(Nanoseconds time) { return std::chrono::duration<double, std::milli>(time).count(); }

// Sets the counters that every run has. Returns false if the run has no valid figures.
bool report(benchmark::State& state, LoadResult& result, Tally& tally) {
  tally.failed += result.failed;
  tally.wrong += result.wrong;
  if (result.wrong > 0) {
    const std::string what = "INVALID: " + std::to_string(result.wrong) + " of " + std::to_string(result.asked) +
                             " answers were wrong: " + result.first_wrong;
    state.SkipWithError(what.c_str());
    return false;
  }
  if (result.latencies.count() == 0) {
    state.SkipWithError(("no answers: " + result.first_failure).c_str());
    return false;
  }
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
  return true;
}

void run_target(benchmark::State& state, const LoadPlan& plan, const Target& target, Tally& tally) {
  LoadResult result;
  MemoryWatch memory(target.pid);
  const double cpu_before = target.pid != 0 ? cpu_seconds(target.pid) : 0;
  while (state.KeepRunning()) result = run_load(plan);
  const double cpu = target.pid != 0 ? cpu_seconds(target.pid) - cpu_before : 0;
  const auto pss = static_cast<double>(memory.stop());
  const auto connections = static_cast<double>(result.connections);
  const auto asked = static_cast<double>(result.asked);
  if (!report(state, result, tally)) return;
  state.counters["client_cpu"] = result.cpu_share;
  state.counters["connections_per_request"] = connections / asked;
  if (target.pid == 0) return;
  state.counters["server_cpu_us"] = cpu / asked * 1e6;
  if (pss > 0) state.counters["server_pss_mb"] = pss / 1e6;
}

void run_without_server(benchmark::State& state, const CeilingPlan& plan, Tally& tally) {
  LoadResult result;
  while (state.KeepRunning()) result = run_ceiling(plan);
  report(state, result, tally);
}

template <typename Run>
void add(const std::string& name, Run run) {
  benchmark::RegisterBenchmark(name.c_str(), run)->Iterations(1)->UseManualTime()->Unit(benchmark::kMicrosecond);
}

void add_skip(const std::string& name, const std::string& why) {
  add(name, [why](benchmark::State& state) { state.SkipWithError(why.c_str()); });
}

}  // namespace

std::string LoadPoint::name() const {
  return scenario->name + "/" + (rate > 0 ? "at-" + std::to_string(std::lround(rate)) : std::to_string(clients));
}

std::vector<LoadPoint> load_points(const Scenarios& scenarios) {
  std::vector<LoadPoint> points;
  for (const auto& scenario : scenarios.scenarios) {
    for (int clients : scenario.clients) points.push_back({&scenario, clients, 0});
    if (scenario.rate > 0) points.push_back({&scenario, kOpenLoopClients, scenario.rate});
  }
  return points;
}

void register_target(const LoadPoint& point, const Scenarios& scenarios, const Target& target, const Times& times,
                     Tally& tally) {
  const std::string name = point.name() + "/" + target.name;
  if (!target.invalid.empty()) return add_skip(name, "INVALID: " + target.invalid);
  if (const auto found = target.not_offered.find(point.scenario->name); found != target.not_offered.end()) {
    return add_skip(name, "not offered: " + found->second);
  }
  LoadPlan plan;
  plan.address = target.address;
  for (const Exchange* exchange : scenarios.round(*point.scenario)) plan.round.push_back(target.shot(*exchange));
  plan.clients = point.clients;
  plan.rate = point.rate;
  plan.duration = times.run;
  plan.timeout = times.answer;
  add(name, [plan, &target, &tally](benchmark::State& state) { run_target(state, plan, target, tally); });
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

void register_name(const LoadPoint& point, const std::string& target) {
  add(point.name() + "/" + target, [](benchmark::State&) {});
}

}  // namespace cgi::bench
