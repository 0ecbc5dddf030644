#include "accounting.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "../server/unique_fd.h"

namespace cgi::bench {
namespace {

namespace fs = std::filesystem;

// Each look costs one or two milliseconds of processor time. A server that grew does not shrink at once.
constexpr std::chrono::milliseconds kBetweenLooks{200};

// Returns a file of /proc/PID as far as it can be read. The process may end meanwhile (ESRCH, for which streams throw).
std::string of(pid_t pid, const char* file) {
  const std::string path = "/proc/" + std::to_string(pid) + "/" + file;
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::array<char, 4096> text{};
  const ssize_t length = fd ? ::read(fd.get(), text.data(), text.size()) : 0;
  return {text.data(), static_cast<std::size_t>(std::max<ssize_t>(length, 0))};
}

double in_seconds(std::uint64_t ticks) {
  return static_cast<double>(ticks) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

std::vector<pid_t> all_processes() {
  std::vector<pid_t> all;
  DIR* proc = ::opendir("/proc");
  if (proc == nullptr) return all;
  while (const dirent* entry = ::readdir(proc)) {
    pid_t pid = 0;
    const std::string_view name = entry->d_name;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (error == std::errc() && end == name.data() + name.size()) all.push_back(pid);
  }
  ::closedir(proc);
  return all;
}

// Returns the inodes of the sockets that listen on the port, from lines such as
//   "0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  0  0 31337 …"
std::set<std::string> listening_inodes(std::uint16_t port) {
  std::set<std::string> inodes;
  std::array<char, 8> suffix{};
  std::snprintf(suffix.data(), suffix.size(), ":%04X", port);
  for (const char* table : {"/proc/net/tcp", "/proc/net/tcp6"}) {
    std::ifstream in(table);
    for (std::string line; std::getline(in, line);) {
      std::istringstream words(line);
      const std::vector<std::string> word{std::istream_iterator<std::string>(words), {}};
      if (word.size() > 9 && word[3] == "0A" && word[1].ends_with(suffix.data())) inodes.insert(word[9]);
    }
  }
  return inodes;
}

// Returns the time of the process itself, ended threads included. The clock is exact to nanoseconds; ticks are 10 ms.
double own_seconds(pid_t pid, const ProcessStat& stat) {
  clockid_t clock = 0;
  timespec time{};
  if (::clock_getcpuclockid(pid, &clock) != 0 || ::clock_gettime(clock, &time) != 0) return in_seconds(stat.own_ticks);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

std::string program_of(pid_t pid) {
  std::error_code error;
  return fs::read_symlink("/proc/" + std::to_string(pid) + "/exe", error).string();
}

// Returns whether both processes use the same memory, as they do between vfork() and exec().
bool share_memory(pid_t one, pid_t other) { return ::syscall(SYS_kcmp, one, other, KCMP_VM, 0, 0) == 0; }

bool holds_one_of(pid_t pid, const std::set<std::string>& inodes) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator("/proc/" + std::to_string(pid) + "/fd", error)) {
    const std::string target = fs::read_symlink(entry.path(), error).string();  // "socket:[31337]"
    if (target.starts_with("socket:[") && inodes.count(target.substr(8, target.size() - 9))) return true;
  }
  return false;
}

}  // namespace

std::optional<ProcessStat> parse_stat(std::string_view text) {
  const std::size_t name_end = text.rfind(')');  // the name may hold any character, also ')'
  if (name_end == std::string_view::npos) return std::nullopt;
  std::istringstream rest{std::string(text.substr(name_end + 1))};
  const std::vector<std::string> word{std::istream_iterator<std::string>(rest), {}};
  if (word.size() < 18) return std::nullopt;
  ProcessStat stat;
  stat.parent = static_cast<pid_t>(std::stol(word[1]));
  stat.own_ticks = std::stoull(word[11]) + std::stoull(word[12]);    // utime stime
  stat.child_ticks = std::stoull(word[13]) + std::stoull(word[14]);  // cutime cstime
  stat.threads = std::stoull(word[17]);
  return stat;
}

MemoryUse parse_memory(std::string_view smaps_rollup) {
  MemoryUse use;
  std::istringstream lines{std::string(smaps_rollup)};
  for (std::string line; std::getline(lines, line);) {
    std::string key;
    std::uint64_t kib = 0;
    if (!(std::istringstream(line) >> key >> kib)) continue;
    if (key == "Private_Clean:" || key == "Private_Dirty:") use.own += kib * 1024;
    if (key == "Shared_Clean:" || key == "Shared_Dirty:") use.shared += kib * 1024;
  }
  return use;
}

bool parse_ignores_children(std::string_view status) {
  constexpr std::string_view kField = "\nSigIgn:\t";
  const std::size_t at = status.find(kField);
  if (at == std::string_view::npos) return false;
  const std::string mask(status.substr(at + kField.size(), 16));
  return (std::stoull(mask, nullptr, 16) >> (SIGCHLD - 1) & 1) != 0;
}

pid_t listener_of(std::uint16_t port) {
  const auto inodes = listening_inodes(port);
  if (inodes.empty()) return 0;
  std::set<pid_t> holders;
  for (pid_t pid : all_processes()) {
    if (holds_one_of(pid, inodes)) holders.insert(pid);
  }
  // Workers inherit the socket. The server is the process whose parent does not hold it.
  for (pid_t pid : holders) {
    const auto stat = parse_stat(of(pid, "stat"));
    if (stat && !holders.count(stat->parent)) return pid;
  }
  return 0;
}

std::set<pid_t> family_of(pid_t root) {
  std::multimap<pid_t, pid_t> children;
  for (pid_t pid : all_processes()) {
    if (const auto stat = parse_stat(of(pid, "stat"))) children.emplace(stat->parent, pid);
  }
  std::set<pid_t> family;
  std::vector<pid_t> next = {root};
  while (!next.empty()) {
    const pid_t pid = next.back();
    next.pop_back();
    if (!family.insert(pid).second) continue;
    for (auto [at, end] = children.equal_range(pid); at != end; ++at) next.push_back(at->second);
  }
  return family;
}

double cpu_seconds(pid_t root) {
  double seconds = 0;
  for (pid_t pid : family_of(root)) {
    if (const auto stat = parse_stat(of(pid, "stat")))
      seconds += own_seconds(pid, *stat) + in_seconds(stat->child_ticks);
  }
  return seconds;
}

bool loses_children(pid_t root) {
  const auto family = family_of(root);
  return std::any_of(family.begin(), family.end(), [](pid_t pid) { return parse_ignores_children(of(pid, "status")); });
}

Footprint footprint_of(pid_t root) {
  Footprint sum;
  std::map<std::string, std::uint64_t> shared;  // by program
  for (pid_t pid : family_of(root)) {
    const auto stat = parse_stat(of(pid, "stat"));
    if (!stat || (pid != root && share_memory(pid, stat->parent))) continue;
    const MemoryUse use = parse_memory(of(pid, "smaps_rollup"));
    std::uint64_t& most = shared[program_of(pid)];
    most = std::max(most, use.shared);
    sum.memory += use.own;
    sum.threads += stat->threads;
    ++sum.processes;
  }
  for (const auto& [program, memory] : shared) sum.memory += memory;
  return sum;
}

FootprintWatch::FootprintWatch(pid_t root) : root_(root) {
  if (root_ == 0) return;
  thread_ = std::thread([this] {
    std::unique_lock lock(mutex_);
    while (!wake_.wait_for(lock, kBetweenLooks, [this] { return stopping_; })) look();
    look();  // a run may be shorter than the pause
  });
}

FootprintWatch::~FootprintWatch() { stop(); }

Footprint FootprintWatch::stop() {
  if (thread_.joinable()) {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_one();
    thread_.join();
  }
  return largest_;
}

void FootprintWatch::look() {
  const Footprint now = footprint_of(root_);
  largest_.memory = std::max(largest_.memory, now.memory);
  largest_.threads = std::max(largest_.threads, now.threads);
  largest_.processes = std::max(largest_.processes, now.processes);
}

}  // namespace cgi::bench
