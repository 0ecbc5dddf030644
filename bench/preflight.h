// Before anything is measured: does a target answer rightly at all? Fast and wrong is not fast.
#pragma once

#include <vector>

#include "latencies.h"
#include "scenario.h"
#include "target.h"

namespace cgi::bench {

// Asks every check and every scenario that will be measured, twice each. Sets what is wrong in the target: `invalid`
// for the whole of it, `not_offered` for optional scenarios.
void preflight(Target& target, const Scenarios& all, const std::vector<const Scenario*>& selected, Nanoseconds timeout);

}  // namespace cgi::bench
