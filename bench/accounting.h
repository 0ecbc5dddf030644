// The processor time and the memory of a server, with its child processes. Linux only, and only for processes that
// cgi-bench may read.
#pragma once

#include <sys/types.h>

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <set>
#include <string_view>
#include <thread>

namespace cgi::bench {

// Fields of /proc/PID/stat. The ticks include those of children that the process has waited for.
struct ProcessStat {
  pid_t parent = 0;
  std::uint64_t ticks = 0;
};
std::optional<ProcessStat> parse_stat(std::string_view text);

// Returns the Pss line of /proc/PID/smaps_rollup in KiB; 0 without one.
std::uint64_t parse_pss(std::string_view smaps_rollup);

// Returns the process that listens on a TCP port of this machine, or 0. If several share it, returns their parent.
pid_t listener_of(std::uint16_t port);

// Returns the process and its descendants, except for orphans.
std::set<pid_t> family_of(pid_t root);

// Returns the time of the whole family. The time of a script counts once its server has reaped it.
double cpu_seconds(pid_t root);

// Watches the memory of a family and keeps the largest sum of proportional set sizes.
class MemoryWatch {
 public:
  explicit MemoryWatch(pid_t root);
  MemoryWatch(const MemoryWatch&) = delete;
  ~MemoryWatch();
  // Ends the watch and returns the largest sum in bytes; 0 if it could read nothing.
  std::uint64_t stop();

 private:
  void look();

  pid_t root_;
  std::uint64_t largest_ = 0;
  bool stopping_ = false;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::thread thread_;
};

}  // namespace cgi::bench
