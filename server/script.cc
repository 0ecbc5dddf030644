#include "script.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstring>
#include <system_error>
#include <thread>
#include <utility>

namespace cgi {
namespace {

constexpr int kPipeSize = 256 * 1024;
constexpr std::size_t kStackSize = 64 * 1024;
constexpr int kEndOfKilled = 2000;  // milliseconds after SIGKILL

// The data for the child and from it. It is in the parent's memory, on the stack of start().
struct ChildPlan {
  const char* file;
  const char* directory;  // or null
  char* const* arguments;
  char* const* environment;
  const Account* account;
  bool must_be_readable;
  const rlimit* descriptors;  // or null
  const std::vector<int>& signals;
  int input;
  int output;
  StartFailure failure = StartFailure::kNoResources;  // out
  int error = 0;                                      // out: 0 if execve() succeeded
};

[[noreturn]] void give_up(ChildPlan* plan, StartFailure failure) {
  plan->error = errno;
  plan->failure = failure;
  ::_exit(127);
}

// Changes the user and the groups for good. It uses system calls: the C library's functions would also change the
// threads of the server, with which the child shares memory. The groups come first, while that is still allowed.
// rule: process/capabilities-are-dropped, process/user-ids-are-nobodys, process/group-ids-are-nobodys
// rule: seed/scripts-run-as-nobody, seed/nobody-keeps-no-privilege, cgi/script-cannot-interfere-with-server
bool become(const Account& account) {  // rule: cgi/script-data-is-private
  return ::syscall(SYS_setgroups, 0, nullptr) == 0 &&
         ::syscall(SYS_setresgid, account.gid, account.gid, account.gid) == 0 &&
         ::syscall(SYS_setresuid, account.uid, account.uid, account.uid) == 0;
}

// Runs in the child. It uses system calls only, because other threads of the parent may hold any lock.
// rule: process/no-file-of-the-server, process/default-signals-and-own-group, disclosure/no-shell-for-unrunnable-file
int run_child(void* argument) {
  auto* plan = static_cast<ChildPlan*>(argument);
  ::setpgid(0, 0);
  struct sigaction standard = {};
  standard.sa_handler = SIG_DFL;
  for (const int number : plan->signals) ::sigaction(number, &standard, nullptr);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);

  if (::dup2(plan->input, 0) < 0 || ::dup2(plan->output, 1) < 0) give_up(plan, StartFailure::kNoResources);
  if (::syscall(SYS_close_range, 3U, ~0U, 0U) != 0) {  // rule: process/no-connection-of-another-client
    const long limit = ::sysconf(_SC_OPEN_MAX);        // before Linux 5.9
    for (int fd = 3; fd < limit; ++fd) ::close(fd);
  }
  if (plan->descriptors != nullptr) ::setrlimit(RLIMIT_NOFILE, plan->descriptors);
  // The server sets neither no_new_privs nor other limits. The first would break scripts that work under CPython
  // (sendmail, sudo, set-user-id wrappers). The operator can set the others.
  // The umask stays that of the operator, too.  rule: process/umask-is-sane
  if (plan->account != nullptr && !become(*plan->account)) give_up(plan, StartFailure::kPrivileges);
  // rule: process/working-directory-is-readable
  if (plan->directory != nullptr && ::chdir(plan->directory) != 0) give_up(plan, StartFailure::kNotExecutable);
  if (plan->must_be_readable && ::access(plan->file, R_OK) != 0) give_up(plan, StartFailure::kNotExecutable);
  // The server executes the name and not the descriptor that it checked. The interpreter of a "#!" script would get
  // /dev/fd/N: the script would not find the files beside it, and the descriptor would stay open. Somebody who can
  // swap the file can also write another script, which would run as the same user.
  // rule: cgi/script-is-executed-as-program, argument/no-shell-is-started, environment/fields-reach-no-shell
  ::execve(plan->file, plan->arguments, plan->environment);
  const int error = errno;
  const bool may_execute = ::access(plan->file, X_OK) == 0;  // rule: process/not-runnable-by-nobody-is-refused
  errno = error;
  give_up(plan, may_execute ? StartFailure::kCannotExecute : StartFailure::kNotExecutable);
}

// Returns the signals that are not at their default: those that the server, or who started it, ignores or handles. The
// server changes none later.
const std::vector<int>& signals_to_reset() {
  static const std::vector<int> numbers = [] {
    std::vector<int> found;
    for (int number = 1; number < NSIG; ++number) {
      struct sigaction now = {};
      if (::sigaction(number, nullptr, &now) == 0 && now.sa_handler != SIG_DFL) found.push_back(number);
    }
    return found;
  }();
  return numbers;
}

std::vector<char*> as_argv(const std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  pointers.reserve(strings.size() + 1);
  for (const std::string& string : strings) pointers.push_back(const_cast<char*>(string.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

// Returns the top of the child's stack. Each thread that starts scripts has one.
void* stack_top() {
  struct Stack {
    void* base = ::mmap(nullptr, kStackSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    ~Stack() {
      if (base != MAP_FAILED) ::munmap(base, kStackSize);
    }
  };
  static thread_local Stack stack;
  return stack.base == MAP_FAILED ? nullptr : static_cast<char*>(stack.base) + kStackSize;
}

bool make_pipe(UniqueFd& read_end, UniqueFd& write_end) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return false;
  read_end.reset(ends[0]);
  write_end.reset(ends[1]);
  return true;
}

void make_non_blocking(const UniqueFd& fd) { ::fcntl(fd.get(), F_SETFL, ::fcntl(fd.get(), F_GETFL) | O_NONBLOCK); }

}  // namespace

void LeavePlace::operator()(ScriptPlaces* places) const { ++places->free_; }

ScriptPlace ScriptPlaces::take_beyond(std::size_t rest) {
  std::size_t free = free_;
  while (free > rest && !free_.compare_exchange_weak(free, free - 1)) {
  }
  return ScriptPlace(free > rest ? this : nullptr);
}

std::optional<StartFailure> Script::start(ScriptCommand command, Script& script, int& error) {
  UniqueFd child_input;
  UniqueFd child_output;
  void* stack = stack_top();
  if (stack == nullptr || !make_pipe(child_input, script.input_) || !make_pipe(script.output_, child_output)) {
    error = errno;
    return StartFailure::kNoResources;
  }
  ::fcntl(child_output.get(), F_SETPIPE_SZ, kPipeSize);  // may fail: the default size works, too
  make_non_blocking(script.input_);
  make_non_blocking(script.output_);
  // The script finds a small body in its pipe and is not woken for it.
  if (!command.input.empty()) {
    const ssize_t fed = ::write(script.input_.get(), command.input.data(), command.input.size());
    script.fed_ = static_cast<std::size_t>(std::max<ssize_t>(fed, 0));
  }
  if (command.input_ends && script.fed_ == command.input.size()) script.input_.reset();

  const auto arguments = as_argv(command.arguments);
  const auto environment = as_argv(command.environment);
  ChildPlan plan{.file = command.file.c_str(),
                 .directory = command.directory.empty() ? nullptr : command.directory.c_str(),
                 .arguments = arguments.data(),
                 .environment = environment.data(),
                 .account = command.account,
                 .must_be_readable = command.is_interpreted,
                 .descriptors = command.descriptors,
                 .signals = signals_to_reset(),
                 .input = child_input.get(),
                 .output = child_output.get()};
  // A signal in the child would run the server's handler on the server's memory.
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  int pidfd = -1;
  const pid_t pid = ::clone(run_child, stack, CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD, &plan, &pidfd);
  const int clone_error = errno;
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (pid < 0) {
    error = clone_error;
    return StartFailure::kNoResources;
  }
  script.pid_ = pid;
  script.place_ = std::move(command.place);
  script.pidfd_.reset(pidfd);
  if (plan.error != 0) {
    script.reap();
    error = plan.error;
    return plan.failure;
  }
  return std::nullopt;
}

Script::~Script() {
  if (pid_ > 0) end();
}

void Script::signal_group(int signal) const {
  if (pid_ <= 0) return;
  ::kill(-pid_, signal);
  // A script that moved to another process group must be killed, too.
  if (::getpgid(pid_) != pid_) ::kill(pid_, signal);
}

// rule: process/ended-scripts-leave-no-zombies
int Script::reap() {
  int status = 0;
  if (pid_ > 0) {
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
  }
  pid_ = -1;
  place_.reset();
  return status;
}

// rule: process/script-ends-with-client
int Script::end() {
  signal_group(SIGKILL);
  pollfd ended{pidfd_.get(), POLLIN, 0};
  if (::poll(&ended, 1, kEndOfKilled) != 0) return reap();
  try {
    std::thread([pid = pid_] { ::waitpid(pid, nullptr, 0); }).detach();
  } catch (const std::system_error&) {
    return reap();
  }
  pid_ = -1;
  place_.reset();
  return 0;
}

rlimit raise_descriptor_limit(std::size_t wanted) {
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  const rlimit raised{std::max(before.rlim_cur, std::min<rlim_t>(wanted, before.rlim_max)), before.rlim_max};
  ::setrlimit(RLIMIT_NOFILE, &raised);
  return before;
}

std::string exit_text(int status) {
  if (WIFSIGNALED(status)) {
    const int number = WTERMSIG(status);
    const char* name = ::sigabbrev_np(number);
    return "exit code -" + std::to_string(number) + (name != nullptr ? " (SIG" + std::string(name) + ")" : "");
  }
  const int code = WEXITSTATUS(status);
  return code == 0 ? "" : "exit code " + std::to_string(code);
}

}  // namespace cgi
