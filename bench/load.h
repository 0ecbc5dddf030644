// Load: many connections on one thread, in a closed or an open loop.
//
// In the closed loop each client sends its next request when its last answer is complete. A server that stops for a
// second gets no requests meanwhile, and shows one latency of a second among thousands. In the open loop requests are
// due at fixed times, whatever the server does. A latency counts from the time at which the request was due, not from
// the time at which a connection was free. So each request that is due while the server stops is slow.
#pragma once

#include <atomic>
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
  double rate = 0;                             // requests per second of the open loop; 0: the closed loop
  std::uint64_t requests = 0;                  // number to send; 0: as many as fit into `duration`
  Nanoseconds duration = Nanoseconds::zero();  // no request is sent after it; zero: no limit
  const std::atomic<bool>* over = nullptr;     // no request is sent once it is true; null: no limit
  Nanoseconds timeout = std::chrono::seconds(10);
};

// The load waits for the requests that are under way at the end of the time. Their latencies count, because they may be
// the slowest. The throughput counts the time up to the first answer after the end. One client may wait for seconds,
// for a lost SYN or a worker that starts. It must not hide the answers that the other clients got.
struct LoadResult {
  Latencies latencies;       // of the right answers
  std::uint64_t asked = 0;   // fewer than planned if the server does not answer at all
  std::uint64_t failed = 0;  // without a complete answer: refused, reset, cut, timed out
  std::uint64_t wrong = 0;   // with a complete answer that is not right
  std::uint64_t connections = 0;
  double seconds = 0;         // the time for the throughput
  std::uint64_t in_time = 0;  // right answers in that time
  std::uint64_t octets = 0;   // of the content of these requests and answers
  double cpu_share = 0;       // of one core, of the thread that sends and receives
  std::string first_failure;
  std::string first_wrong;
};

LoadResult run_load(const LoadPlan& plan);

}  // namespace cgi::bench
