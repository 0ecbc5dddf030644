#include "measurement.h"

#include <atomic>
#include <cmath>
#include <thread>

#include "crowd.h"

namespace cgi::bench {
namespace {

constexpr int kOpenLoopClients = 64;  // so many requests may wait for their answers
constexpr int kOtherFiles = 1000;     // beside connections: pipes, logs, libraries

void take_problems(LoadResult& into, std::uint64_t failed, const std::string& failure) {
  into.failed += failed;
  if (into.first_failure.empty()) into.first_failure = failure;
}

LoadPlan plan_for(const LoadPoint& point, const Scenarios& scenarios, const Target& target, const Times& times) {
  LoadPlan plan;
  plan.address = target.address;
  for (const Exchange* exchange : scenarios.round(*point.scenario)) plan.round.push_back(target.shot(*exchange));
  plan.clients = point.clients;
  plan.rate = point.rate;
  plan.timeout = times.answer;
  return plan;
}

// Sends the burst, and the load until the burst is answered.
void send_beside(const Burst& burst, const Target& target, LoadPlan load, Measurement& measured) {
  LoadPlan plan;
  plan.address = target.address;
  plan.round = {target.shot(burst.exchange)};
  plan.clients = burst.requests;
  plan.requests = static_cast<std::uint64_t>(burst.requests);
  plan.timeout = load.timeout;
  std::atomic<bool> over = false;
  std::thread other([&measured, &plan, &over] {
    measured.burst = run_load(plan);
    over = true;
  });
  load.over = &over;
  measured.load = run_load(load);
  other.join();
  take_problems(measured.load, measured.burst.failed, measured.burst.first_failure);
  measured.load.wrong += measured.burst.wrong;
  if (measured.load.first_wrong.empty()) measured.load.first_wrong = measured.burst.first_wrong;
}

}  // namespace

std::string LoadPoint::name() const {
  return scenario->name + "/" + (rate > 0 ? "at-" + std::to_string(std::lround(rate)) : std::to_string(clients));
}

std::uint64_t LoadPoint::open_files() const {
  return static_cast<std::uint64_t>(clients + scenario->idle + scenario->beside.requests + kOtherFiles);
}

std::vector<LoadPoint> load_points(const Scenarios& scenarios) {
  std::vector<LoadPoint> points;
  for (const auto& scenario : scenarios.scenarios) {
    for (int clients : scenario.clients) points.push_back({&scenario, clients, 0});
    if (scenario.rate > 0) points.push_back({&scenario, kOpenLoopClients, scenario.rate});
  }
  return points;
}

std::optional<double> Measurement::cpu_per_request() const {
  const std::uint64_t asked = load.asked + burst.asked;
  if (!cpu_seconds || asked == 0) return std::nullopt;
  return *cpu_seconds / static_cast<double>(asked) * 1e6;
}

Measurement measure(const LoadPoint& point, const Scenarios& scenarios, const Target& known, const Times& times) {
  const Scenario& scenario = *point.scenario;
  std::optional<StartedServer> fresh;
  if (scenario.is_fresh && known.start) fresh.emplace(*known.start);
  const Target& target = fresh ? fresh->target() : known;
  Measurement measured;
  if (fresh) measured.rest = footprint_of(target.pid);
  std::optional<IdleCrowd> crowd;
  if (scenario.idle > 0) {
    crowd.emplace(target.address, target.idle_shot(scenario), scenario.idle, times.answer);
    measured.problem = crowd->failure();
    if (!measured.problem.empty()) return measured;
    // Watching would slow the clients down if each connection has a thread.
    if (target.pid != 0) measured.loaded = footprint_of(target.pid);
  }
  FootprintWatch watch(crowd ? 0 : target.pid);
  LoadPlan plan = plan_for(point, scenarios, target, times);
  const auto cpu_before = target.cpu_seconds();
  if (scenario.beside.requests > 0) {
    send_beside(scenario.beside, target, plan, measured);
  } else {
    plan.duration = times.run;
    measured.load = run_load(plan);
  }
  const auto cpu_after = target.cpu_seconds();
  if (cpu_before && cpu_after) measured.cpu_seconds = *cpu_after - *cpu_before;
  if (!crowd) {
    measured.loaded = watch.stop();
  } else if (const int closed = scenario.idle - crowd->count_open(); closed > 0) {
    take_problems(measured.load, static_cast<std::uint64_t>(closed), "the server closed an idle connection");
  }
  return measured;
}

}  // namespace cgi::bench
