#include "script.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <exception>
#include <mutex>
#include <set>
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
  std::span<const ScriptLimit> limits;
  bool no_new_privileges;
  const std::vector<int>& signals;
  int input;
  int output;
  int errors;
  dev_t device;
  ino_t inode;
  StartFailure failure = StartFailure::kNoResources;  // out
  int error = 0;                                      // out: 0 if execve() succeeded
};

// Sanitizers would do something before a call that does not return, and change errno.
[[noreturn, gnu::no_sanitize("address", "thread")]] void give_up(ChildPlan* plan, StartFailure failure) {
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
[[gnu::no_sanitize("address", "thread")]] int run_child(void* argument) {
  auto* plan = static_cast<ChildPlan*>(argument);
  ::setsid();
  struct sigaction standard = {};
  standard.sa_handler = SIG_DFL;
  for (const int number : plan->signals) ::sigaction(number, &standard, nullptr);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);

  if (::dup2(plan->input, 0) < 0 || ::dup2(plan->output, 1) < 0 || ::dup2(plan->errors, 2) < 0) {
    give_up(plan, StartFailure::kNoResources);
  }
  if (::syscall(SYS_close_range, 3U, ~0U, 0U) != 0) {  // rule: process/no-connection-of-another-client
    const long limit = ::sysconf(_SC_OPEN_MAX);        // before Linux 5.9
    for (int fd = 3; fd < limit; ++fd) ::close(fd);
  }
  // The umask stays that of the operator.  rule: process/umask-is-sane
  for (const ScriptLimit& limit : plan->limits) {  // rule: process/limits-of-the-operator
    if (::setrlimit(limit.resource, &limit.limit) != 0) give_up(plan, StartFailure::kPrivileges);
  }
  if (plan->account != nullptr && !become(*plan->account)) give_up(plan, StartFailure::kPrivileges);
  // Not by default: scripts that work under CPython may use sendmail, sudo or set-user-id wrappers.
  if (plan->no_new_privileges && ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    give_up(plan, StartFailure::kPrivileges);
  }
  // rule: process/working-directory-is-readable
  if (plan->directory != nullptr && ::chdir(plan->directory) != 0) give_up(plan, StartFailure::kNotExecutable);
  if (plan->must_be_readable && ::access(plan->file, R_OK) != 0) give_up(plan, StartFailure::kNotExecutable);
  // The server executes the name and not the descriptor that it checked. The interpreter of a "#!" script would get
  // /dev/fd/N: the script would not find the files beside it, and the descriptor would stay open. But the name must
  // still lead to the file that was checked.  rule: process/checked-file-is-executed
  struct stat now = {};
  if (plan->inode != 0 && ::stat(plan->file, &now) == 0 && (now.st_ino != plan->inode || now.st_dev != plan->device)) {
    errno = ESTALE;
    give_up(plan, StartFailure::kReplaced);
  }
  // rule: cgi/script-is-executed-as-program, argument/no-shell-is-started, environment/fields-reach-no-shell
  ::execve(plan->file, plan->arguments, plan->environment);
  const int error = errno;
  if (error == E2BIG) give_up(plan, StartFailure::kTooLarge);
  // EAGAIN: the user has too many processes.
  if (error == EAGAIN || error == ENOMEM || error == ETXTBSY || error == EMFILE || error == ENFILE || error == EIO) {
    give_up(plan, StartFailure::kNoResources);
  }
  const bool may_execute = ::access(plan->file, X_OK) == 0;  // rule: process/not-runnable-by-nobody-is-refused
  errno = error;
  give_up(plan, may_execute ? StartFailure::kCannotExecute : StartFailure::kNotExecutable);
}

// The scripts that are about to run. The kernel sets the descriptor of the process before the process runs.
struct Start {
  Clock::time_point deadline;
  int pidfd = -1;
  bool killed = false;
};
std::mutex starts_mutex;
std::set<Start*> starts;  // guarded by starts_mutex

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
    void* base = MAP_FAILED;
    ~Stack() {
      if (base != MAP_FAILED) ::munmap(base, kStackSize);
    }
  };
  static thread_local Stack stack;
  if (stack.base == MAP_FAILED) {  // also after a shortage
    stack.base = ::mmap(nullptr, kStackSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  }
  return stack.base == MAP_FAILED ? nullptr : static_cast<char*>(stack.base) + kStackSize;
}

bool make_pipe(UniqueFd& read_end, UniqueFd& write_end) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return false;
  read_end.reset(ends[0]);
  write_end.reset(ends[1]);
  return true;
}

void make_non_blocking(const UniqueFd& pipe) { ::fcntl(pipe.get(), F_SETFL, O_NONBLOCK); }

}  // namespace

std::optional<StartFailure> Script::start(const ScriptCommand& command, ScriptPlace place, Script& script, int& error) {
  UniqueFd child_input;
  UniqueFd child_output;
  UniqueFd child_errors;
  void* stack = stack_top();
  if (stack == nullptr || !make_pipe(child_input, script.input_) || !make_pipe(script.output_, child_output) ||
      !make_pipe(script.errors_, child_errors)) {
    error = errno;
    return StartFailure::kNoResources;
  }
  ::fcntl(child_output.get(), F_SETPIPE_SZ, kPipeSize);  // may fail: the default size works, too
  make_non_blocking(script.input_);
  make_non_blocking(script.output_);
  make_non_blocking(script.errors_);
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
                 .limits = command.limits,
                 .no_new_privileges = command.no_new_privileges,
                 .signals = signals_to_reset(),
                 .input = child_input.get(),
                 .output = child_output.get(),
                 .errors = child_errors.get(),
                 .device = command.device,
                 .inode = command.inode};
  Start start{command.deadline};
  // A signal in the child would run the server's handler on the server's memory.
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  {
    std::lock_guard lock(starts_mutex);
    starts.insert(&start);
  }
  const pid_t pid = ::clone(run_child, stack, CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD, &plan, &start.pidfd);
  const int clone_error = errno;
  {
    std::lock_guard lock(starts_mutex);
    starts.erase(&start);
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (pid < 0) {
    error = clone_error;
    return StartFailure::kNoResources;
  }
  script.pid_ = pid;
  script.place_ = std::move(place);
  script.pidfd_.reset(start.pidfd);
  if (plan.error != 0 || start.killed) {
    script.reap();
    error = plan.error;
    return start.killed ? StartFailure::kLate : plan.failure;
  }
  return std::nullopt;
}

Script::~Script() {
  if (pid_ > 0) end();
}

void end_late_starts(Clock::time_point now) {
  std::lock_guard lock(starts_mutex);
  for (Start* start : starts) {
    const int pidfd = __atomic_load_n(&start->pidfd, __ATOMIC_RELAXED);
    if (start->deadline > now || pidfd < 0) continue;
    start->killed = ::syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, nullptr, 0) == 0;
  }
}

// A session leader cannot leave its group.
void Script::signal_group(int signal) const {
  if (pid_ > 0) ::kill(-pid_, signal);
}

// rule: process/ended-scripts-leave-no-zombies
int Script::reap() {
  int status = 0;
  if (pid_ > 0) {
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
  }
  pid_ = -1;
  place_ = {};
  return status;
}

// rule: process/script-ends-with-client
int Script::end() {
  signal_group(SIGKILL);
  pollfd ended{pidfd_.get(), POLLIN, 0};
  if (::poll(&ended, 1, kEndOfKilled) != 0) return reap();
  try {
    std::thread([pid = pid_] { ::waitpid(pid, nullptr, 0); }).detach();
  } catch (const std::exception&) {
    return reap();
  }
  pid_ = -1;
  place_ = {};
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
