// A control group (version 2) for a server that cgi-bench starts. The kernel adds the processor time of every process
// in it, also of those that no parent has waited for. Needs root, or a group that belongs to the user.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace cgi::bench {

// Returns the processor time in the text of a file cpu.stat, in seconds.
std::optional<double> parse_usage(std::string_view cpu_stat);

class Cgroup {
 public:
  // Makes a group below that of this process. Without the right to do so, the object is_usable() no longer.
  Cgroup();
  Cgroup(const Cgroup&) = delete;
  ~Cgroup();  // removes the group, whose processes must have ended

  bool is_usable() const { return !path_.empty(); }
  // Moves a process into the group. The children that it starts from then on belong to the group, too.
  void add(pid_t pid);
  std::optional<double> cpu_seconds() const;

 private:
  std::filesystem::path path_;  // empty: there is no group
};

}  // namespace cgi::bench
