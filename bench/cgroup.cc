#include "cgroup.h"

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

namespace cgi::bench {
namespace {

namespace fs = std::filesystem;

// Returns the folder of the group that holds this process, from /proc/self/mounts ("cgroup2 FOLDER cgroup2 …") and
// /proc/self/cgroup ("0::PATH"); empty if there is none.
fs::path own_group() {
  fs::path mounted;
  std::ifstream mounts("/proc/self/mounts");
  for (std::string line; mounted.empty() && std::getline(mounts, line);) {
    std::string device;
    std::string folder;
    std::string type;
    std::istringstream(line) >> device >> folder >> type;
    if (type == "cgroup2") mounted = folder;
  }
  std::ifstream groups("/proc/self/cgroup");
  for (std::string line; !mounted.empty() && std::getline(groups, line);) {
    if (line.rfind("0::/", 0) == 0) return mounted / line.substr(4);
  }
  return {};
}

constexpr char kPrefix[] = "cgi-bench-";

// Removes the groups that an interrupted cgi-bench has left behind.
void sweep(const fs::path& parent) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(parent, error)) {
    const std::string name = entry.path().filename().string();
    if (name.rfind(kPrefix, 0) != 0) continue;
    const pid_t owner = std::atoi(name.c_str() + sizeof kPrefix - 1);
    if (owner > 0 && ::kill(owner, 0) != 0 && errno == ESRCH) ::rmdir(entry.path().c_str());
  }
}

}  // namespace

std::optional<double> parse_usage(std::string_view cpu_stat) {
  std::istringstream words{std::string(cpu_stat)};
  std::string key;
  double microseconds = 0;
  if (!(words >> key >> microseconds) || key != "usage_usec") return std::nullopt;
  return microseconds / 1e6;
}

Cgroup::Cgroup() {
  static std::atomic<int> count = 0;
  const fs::path parent = own_group();
  if (parent.empty()) return;
  if (count == 0) sweep(parent);
  const fs::path path = parent / (kPrefix + std::to_string(::getpid()) + "-" + std::to_string(count++));
  if (::mkdir(path.c_str(), 0755) == 0) path_ = path;
}

Cgroup::~Cgroup() {
  if (is_usable()) ::rmdir(path_.c_str());
}

void Cgroup::add(pid_t pid) {
  if (!is_usable()) return;
  std::ofstream out(path_ / "cgroup.procs");
  out << pid << std::flush;
  if (out) return;
  ::rmdir(path_.c_str());
  path_.clear();
}

std::optional<double> Cgroup::cpu_seconds() const {
  if (!is_usable()) return std::nullopt;
  std::ifstream in(path_ / "cpu.stat");
  return parse_usage(std::string(std::istreambuf_iterator<char>(in), {}));
}

}  // namespace cgi::bench
