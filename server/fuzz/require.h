// The check of every fuzz target. libFuzzer keeps the input of a target that aborts. ci/fuzz builds and runs them.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <source_location>

namespace cgi {

inline void require(bool condition, std::source_location where = std::source_location::current()) {
  if (condition) return;
  std::fprintf(stderr, "%s:%u: this must hold, and does not\n", where.file_name(), where.line());
  std::abort();
}

}  // namespace cgi
