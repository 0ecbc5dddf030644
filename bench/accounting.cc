#include "accounting.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
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
  if (word.size() < 15) return std::nullopt;
  ProcessStat stat;
  stat.parent = static_cast<pid_t>(std::stol(word[1]));
  for (std::size_t i = 11; i < 15; ++i) stat.ticks += std::stoull(word[i]);  // utime stime cutime cstime
  return stat;
}

std::uint64_t parse_pss(std::string_view smaps_rollup) {
  const std::size_t at = smaps_rollup.find("\nPss:");
  if (at == std::string_view::npos) return 0;
  return std::stoull(std::string(smaps_rollup.substr(at + 5, 40)));
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
  std::uint64_t ticks = 0;
  for (pid_t pid : family_of(root)) {
    if (const auto stat = parse_stat(of(pid, "stat"))) ticks += stat->ticks;
  }
  return static_cast<double>(ticks) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

MemoryWatch::MemoryWatch(pid_t root) : root_(root) {
  if (root_ == 0) return;
  thread_ = std::thread([this] {
    std::unique_lock lock(mutex_);
    while (!wake_.wait_for(lock, kBetweenLooks, [this] { return stopping_; })) look();
    look();  // a run may be shorter than the pause
  });
}

MemoryWatch::~MemoryWatch() { stop(); }

std::uint64_t MemoryWatch::stop() {
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

void MemoryWatch::look() {
  std::uint64_t sum = 0;
  for (pid_t pid : family_of(root_)) sum += parse_pss(of(pid, "smaps_rollup"));
  largest_ = std::max(largest_, sum * 1024);
}

}  // namespace cgi::bench
