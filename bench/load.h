// Load: many connections on one thread, closed loop or open.
//
// In the closed loop each client sends its next request when its last answer is complete. A server that stops for a
// second then simply gets no requests, and one latency of a second among thousands is all that is seen. In the open
// loop requests are due at fixed times, whatever the server does, and a latency counts from the time a request was
// due, not from when a connection was free to send it: a stall shows in every request that fell into it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "client.h"
#include "latencies.h"

namespace cgi::bench {

struct LoadPlan {
  Address address;
  std::vector<Shot> round;  // sent in turn
  int clients = 1;
  double rate = 0;                             // requests per second of the open loop; 0: the closed one
  std::uint64_t requests = 0;                  // to send; 0: as many as fit into `duration`
  Nanoseconds duration = Nanoseconds::zero();  // after it nothing is sent any more; zero: until all are sent
  Nanoseconds timeout = std::chrono::seconds(10);
};

// What is under way when the time is over is waited for, and its latency counts: it may be the slowest of all. But the
// throughput is that of the time before, up to the first answer after it. One client that waits for seconds, for a
// lost SYN or a worker that is still being started, must not hide what the others were served meanwhile.
struct LoadResult {
  Latencies latencies;       // of the right answers
  std::uint64_t asked = 0;   // fewer than planned if the server does not answer at all
  std::uint64_t failed = 0;  // no complete answer: refused, reset, cut short, timed out
  std::uint64_t wrong = 0;   // a complete one, but not the right one
  std::uint64_t connections = 0;
  double seconds = 0;         // the time that the throughput is of
  std::uint64_t in_time = 0;  // right answers in it
  std::uint64_t octets = 0;   // of their content, in requests and answers
  double cpu_share = 0;       // of one core, of the thread that sends and receives
  std::string first_failure;
  std::string first_wrong;
};

LoadResult run_load(const LoadPlan& plan);

}  // namespace cgi::bench
