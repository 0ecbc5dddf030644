// The processor time, memory, threads and processes of a server, with its child processes. Linux only, and only for
// processes that cgi-bench may read.
//
// The kernel adds the time of a script to that of its parent when the parent waits for it. If a server ignores SIGCHLD,
// as mod_cgid of Apache does, the kernel drops the time of its scripts. loses_children() finds such a server.
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

// Fields of /proc/PID/stat.
struct ProcessStat {
  pid_t parent = 0;
  std::uint64_t own_ticks = 0;
  std::uint64_t child_ticks = 0;  // of the children that the process has waited for, and of their children
  std::uint64_t threads = 0;
};
std::optional<ProcessStat> parse_stat(std::string_view text);

// Memory of one process, in bytes.
struct MemoryUse {
  std::uint64_t own = 0;     // used by no other process
  std::uint64_t shared = 0;  // used by others as well, such as the code of a library
};
// Parses /proc/PID/smaps_rollup. Returns zeros for a text without the lines.
MemoryUse parse_memory(std::string_view smaps_rollup);

// Returns whether the text of /proc/PID/status says that the process ignores SIGCHLD.
bool parse_ignores_children(std::string_view status);

// Returns the process that listens on a TCP port of this machine, or 0. If several share it, returns their parent.
pid_t listener_of(std::uint16_t port);

// Returns the process and its descendants, except for orphans.
std::set<pid_t> family_of(pid_t root);

// Returns the time of the whole family. The time of a script counts once its server has reaped it.
double cpu_seconds(pid_t root);

// Returns whether a process of the family ignores SIGCHLD, so that cpu_seconds() misses the time of its scripts.
bool loses_children(pid_t root);

// The memory, threads and processes of a family. Memory that processes of the same program share counts once. So one
// process counts with its resident set, and the figure does not depend on other servers on the machine, as a
// proportional set size would. A script between vfork() and exec() uses the memory of its server, and does not count.
struct Footprint {
  std::uint64_t memory = 0;  // in bytes; 0 if it cannot be read
  std::uint64_t threads = 0;
  std::uint64_t processes = 0;
};
Footprint footprint_of(pid_t root);

// Watches a family and keeps the largest value of each member.
class FootprintWatch {
 public:
  explicit FootprintWatch(pid_t root);
  FootprintWatch(const FootprintWatch&) = delete;
  ~FootprintWatch();
  // Ends the watch and returns the largest values.
  Footprint stop();

 private:
  void look();

  pid_t root_;
  Footprint largest_;
  bool stopping_ = false;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::thread thread_;
};

}  // namespace cgi::bench
