// What a server costs: processor time and memory of its processes, its children included. Linux only, and only for
// processes that we may look at.
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

// Fields of /proc/PID/stat; ticks include those of children that have been waited for.
struct ProcessStat {
  pid_t parent = 0;
  std::uint64_t ticks = 0;
};
std::optional<ProcessStat> parse_stat(std::string_view text);

// The Pss line of /proc/PID/smaps_rollup, in KiB; 0 if there is none.
std::uint64_t parse_pss(std::string_view smaps_rollup);

// The process that listens on a TCP port of this machine, or 0. The oldest, if several share it.
pid_t listener_of(std::uint16_t port);

// The processes themselves and everything they started that has not been orphaned.
std::set<pid_t> family_of(pid_t root);

// Of the whole family, with what it has waited for: a script's time counts once its server has reaped it.
double cpu_seconds(pid_t root);

// Watches the memory of a family while it lives: the largest sum of proportional set sizes seen.
class MemoryWatch {
 public:
  explicit MemoryWatch(pid_t root);
  MemoryWatch(const MemoryWatch&) = delete;
  ~MemoryWatch();
  // Ends the watch. In bytes; 0 if nothing could be seen.
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
