#include "preflight.h"

#include "crowd.h"
#include "load.h"

namespace cgi::bench {
namespace {

// The second request may use the connection of the first.
constexpr int kTimes = 2;

// Returns what is wrong with the answer; empty if it is right.
std::string wrong_with(const Target& target, const Exchange& exchange, Nanoseconds timeout) {
  LoadPlan plan;
  plan.address = target.address;
  plan.round = {target.shot(exchange)};
  plan.requests = kTimes;
  plan.timeout = timeout;
  const LoadResult result = run_load(plan);
  return result.failed > 0 ? result.first_failure : result.first_wrong;
}

}  // namespace

void preflight(Target& target, const Scenarios& all, const std::vector<const Scenario*>& selected,
               Nanoseconds timeout) {
  for (const auto& check : all.checks) {
    const std::string wrong = wrong_with(target, check, timeout);
    if (wrong.empty()) continue;
    target.invalid = "check " + check.name + " (" + check.title + "): " + wrong;
    return;
  }
  for (const Scenario* scenario : selected) {
    if (scenario->idle > 0) {
      const std::string wrong = IdleCrowd(target.address, target.idle_shot(*scenario), kTimes, timeout).failure();
      if (!wrong.empty()) target.not_offered[scenario->name] = wrong;
    }
    for (const Exchange* exchange : all.round(*scenario)) {
      const std::string wrong = wrong_with(target, *exchange, timeout);
      if (wrong.empty()) continue;
      if (!scenario->is_optional) {
        target.invalid = "scenario " + scenario->name + ": " + wrong;
        return;
      }
      target.not_offered[scenario->name] = wrong;
    }
  }
}

}  // namespace cgi::bench
