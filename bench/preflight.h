// Checks that a target gives right answers, before cgi-bench measures it.
#pragma once

#include <vector>

#include "latencies.h"
#include "scenario.h"
#include "target.h"

namespace cgi::bench {

// Sends each check and each selected scenario twice. Sets `invalid` of the target if an answer is wrong, or
// `not_offered` if the scenario is optional or needs idle connections that the target does not keep.
void preflight(Target& target, const Scenarios& all, const std::vector<const Scenario*>& selected, Nanoseconds timeout);

}  // namespace cgi::bench
