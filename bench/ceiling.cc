#include "ceiling.h"

#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <thread>
#include <vector>

#include "../server/unique_fd.h"

namespace cgi::bench {
namespace {

using Clock = std::chrono::steady_clock;
constexpr int kPipeSize = 256 * 1024;
constexpr unsigned kThreadsPerCore = 4;  // one script ends while the next one starts

struct Process {
  pid_t pid = -1;
  UniqueFd input;
  UniqueFd output;
};

const passwd* script_user() {
  static const passwd* user = ::geteuid() == 0 ? ::getpwnam("nobody") : nullptr;
  return user;
}

std::vector<std::string> environment(const CeilingPlan& plan) {
  return {"GATEWAY_INTERFACE=CGI/1.1",
          "SERVER_PROTOCOL=HTTP/1.1",
          "SERVER_SOFTWARE=none",
          "SERVER_NAME=127.0.0.1",
          "SERVER_PORT=80",
          "REMOTE_ADDR=127.0.0.1",
          "REQUEST_METHOD=" + std::string(plan.input.empty() ? "GET" : "POST"),
          "SCRIPT_NAME=/cgi-bin/" + plan.script.substr(plan.script.rfind('/') + 1),
          "QUERY_STRING=",
          "CONTENT_LENGTH=" + (plan.input.empty() ? "" : std::to_string(plan.input.size())),
          "CONTENT_TYPE=application/octet-stream",
          "HTTP_HOST=127.0.0.1"};
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> all;
  for (auto& string : strings) all.push_back(string.data());
  all.push_back(nullptr);
  return all;
}

// The child may only make system calls between vfork() and execve(), because it shares the memory of the parent.
pid_t spawn(const char* script, const char* directory, char* const* arguments, char* const* variables, int input,
            int output) {
  const passwd* user = script_user();
  const pid_t pid = ::vfork();
  if (pid != 0) return pid;
  ::setpgid(0, 0);
  const bool ready = ::dup2(input, 0) == 0 && ::dup2(output, 1) == 1 && ::chdir(directory) == 0 &&
                     ::syscall(SYS_close_range, 3U, ~0U, 0U) == 0 &&
                     (user == nullptr || (::syscall(SYS_setgroups, 0, nullptr) == 0 &&
                                          ::syscall(SYS_setresgid, user->pw_gid, user->pw_gid, user->pw_gid) == 0 &&
                                          ::syscall(SYS_setresuid, user->pw_uid, user->pw_uid, user->pw_uid) == 0));
  if (ready) ::execve(script, arguments, variables);
  ::_exit(127);
}

bool start(const CeilingPlan& plan, char* const* arguments, char* const* variables, Process& process) {
  std::array<int, 2> in{};
  std::array<int, 2> out{};
  if (::pipe2(in.data(), O_CLOEXEC) != 0) return false;
  const UniqueFd child_input(in[0]);
  process.input.reset(in[1]);
  if (::pipe2(out.data(), O_CLOEXEC) != 0) return false;
  process.output.reset(out[0]);
  const UniqueFd child_output(out[1]);
  ::fcntl(out[1], F_SETPIPE_SZ, kPipeSize);
  ::fcntl(in[1], F_SETFL, O_NONBLOCK);
  process.pid = spawn(plan.script.c_str(), plan.directory.c_str(), arguments, variables, in[0], out[1]);
  return process.pid > 0;
}

// Writes the input and reads the output until it ends. The content begins after the first empty line.
void pump(const CeilingPlan& plan, Process& process, ContentCheck& check) {
  static thread_local std::array<char, kPipeSize> buffer;
  std::size_t fed = 0;
  std::string head;
  bool in_content = false;
  if (plan.input.empty()) process.input.reset();
  while (true) {
    if (process.input) {
      std::array<pollfd, 2> both = {{{process.output.get(), POLLIN, 0}, {process.input.get(), POLLOUT, 0}}};
      ::poll(both.data(), both.size(), -1);
      if (both[1].revents != 0) {
        const ssize_t length = ::write(process.input.get(), plan.input.data() + fed, plan.input.size() - fed);
        if (length > 0) fed += static_cast<std::size_t>(length);
        if (fed == plan.input.size() || (length < 0 && errno != EAGAIN)) process.input.reset();
      }
      if (both[0].revents == 0) continue;
    }
    const ssize_t length = ::read(process.output.get(), buffer.data(), buffer.size());
    if (length <= 0) return;
    std::string_view octets(buffer.data(), static_cast<std::size_t>(length));
    if (!in_content) {
      head += octets;
      const std::size_t end = head.find("\r\n\r\n");
      if (end == std::string::npos) continue;
      in_content = true;
      octets = std::string_view(head).substr(end + 4);
    }
    check.take(octets);
  }
}

class Worker {
 public:
  Worker(const CeilingPlan& plan, Clock::time_point end) : plan_(plan), end_(end) {}

  void run() {
    sigset_t unread;  // a script need not read its input
    ::sigemptyset(&unread);
    ::sigaddset(&unread, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &unread, nullptr);
    std::vector<std::string> words = {plan_.script};
    std::vector<std::string> variables = environment(plan_);
    const auto arguments = pointers(words);
    const auto environment = pointers(variables);
    do {
      run_once(arguments.data(), environment.data());
    } while (Clock::now() < end_);
  }

  LoadResult& result() { return result_; }

 private:
  void run_once(char* const* arguments, char* const* variables) {
    ContentCheck check;
    check.begin(*plan_.expected);
    const auto began = Clock::now();
    Process process;
    ++result_.asked;
    if (!start(plan_, arguments, variables, process)) {
      ++result_.failed;
      result_.first_failure = std::string("cannot start \"") + plan_.script + "\": " + std::strerror(errno);
      return;
    }
    pump(plan_, process, check);
    int status = 0;
    ::waitpid(process.pid, &status, 0);
    const std::string verdict = status != 0 ? "the script failed" : check.verdict(200);
    if (!verdict.empty()) {
      ++result_.wrong;
      result_.first_wrong = verdict;
      return;
    }
    result_.latencies.add(Clock::now() - began);
    ++result_.in_time;
    result_.octets += check.received() + plan_.input.size();
  }

  const CeilingPlan& plan_;
  Clock::time_point end_;
  LoadResult result_;
};

}  // namespace

LoadResult run_ceiling(const CeilingPlan& plan) {
  const unsigned most = kThreadsPerCore * std::max(1U, std::thread::hardware_concurrency());
  const auto count = std::min<std::size_t>(static_cast<std::size_t>(plan.clients), most);
  const auto began = Clock::now();
  std::vector<Worker> workers(count, Worker(plan, began + plan.duration));
  std::vector<std::thread> threads;
  for (auto& worker : workers) threads.emplace_back([&worker] { worker.run(); });
  for (auto& thread : threads) thread.join();
  LoadResult all;
  all.seconds = std::chrono::duration<double>(Clock::now() - began).count();
  for (auto& worker : workers) {
    LoadResult& one = worker.result();
    all.latencies.add(one.latencies);
    all.octets += one.octets;
    all.in_time += one.in_time;
    all.failed += one.failed;
    all.wrong += one.wrong;
    all.asked += one.asked;
    if (all.first_failure.empty()) all.first_failure = one.first_failure;
    if (all.first_wrong.empty()) all.first_wrong = one.first_wrong;
  }
  return all;
}

}  // namespace cgi::bench
