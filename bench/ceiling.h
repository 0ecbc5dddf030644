// The ceiling: how often the machine can run a script at all, with no server between.
//
// The script is started as a good server would start it (vfork, pipes, its user, a small environment), fed, read to
// the end and waited for; as many at a time as there are clients, up to a few for each core, since more of them only
// get in each other's way. Nothing here is shared with cgi-server, so that it cannot lower its own bar.
#pragma once

#include <cstdint>
#include <string>

#include "content.h"
#include "load.h"

namespace cgi::bench {

struct CeilingPlan {
  std::string script;     // its absolute path
  std::string directory;  // to run in
  std::string input;
  const Expected* expected = nullptr;  // of the output, behind its header block
  int clients = 1;
  Nanoseconds duration = Nanoseconds::zero();  // nothing is started after it; once at least
};

LoadResult run_ceiling(const CeilingPlan& plan);

}  // namespace cgi::bench
