// The ceiling: how often the machine can run a script without a server.
//
// The ceiling starts the script as a good server would (vfork, pipes, its user, a small environment), writes its input,
// reads its output to the end, and waits for it. It runs one script for each client, up to a few for each core, because
// more would be slower. It shares no code with cgi-server, so that cgi-server cannot change its own ceiling.
#pragma once

#include <cstdint>
#include <string>

#include "content.h"
#include "load.h"

namespace cgi::bench {

struct CeilingPlan {
  std::string script;     // its absolute path
  std::string directory;  // the working directory
  std::string input;
  const Expected* expected = nullptr;  // of the output after its header block
  int clients = 1;
  Nanoseconds duration = Nanoseconds::zero();  // no script starts after it; at least one runs
};

LoadResult run_ceiling(const CeilingPlan& plan);

}  // namespace cgi::bench
