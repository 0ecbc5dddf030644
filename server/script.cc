#include "script.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <mutex>
#include <new>
#include <set>
#include <utility>

namespace cgi {
namespace {

constexpr int kPipeSize = 256 * 1024;
constexpr int kEndOfKilled = 2000;  // milliseconds after SIGKILL

std::mutex starts_mutex;
std::set<ChildPlan*> starts;  // the children that have not executed their script yet; guarded by starts_mutex
std::vector<pid_t> unreaped;  // the children that end later; guarded by starts_mutex

// Returns false if the child has not ended, or if a process that traces it has not let go of it.
bool reap_now(pid_t child, int& status) {
  pid_t found;
  do found = ::waitpid(child, &status, WNOHANG);
  while (found < 0 && errno == EINTR);
  return found != 0;
}

void reap_late_ends() {
  std::erase_if(unreaped, [](pid_t child) {
    int status = 0;
    return reap_now(child, status);
  });
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

// Returns the name of a signal that ends a process, without SIG, or null.
const char* signal_name(int number) {
  static constexpr std::pair<int, const char*> kFatal[] = {
      {SIGABRT, "ABRT"}, {SIGALRM, "ALRM"}, {SIGBUS, "BUS"},       {SIGFPE, "FPE"},   {SIGHUP, "HUP"},
      {SIGILL, "ILL"},   {SIGINT, "INT"},   {SIGKILL, "KILL"},     {SIGPIPE, "PIPE"}, {SIGPROF, "PROF"},
      {SIGQUIT, "QUIT"}, {SIGSEGV, "SEGV"}, {SIGSYS, "SYS"},       {SIGTERM, "TERM"}, {SIGTRAP, "TRAP"},
      {SIGUSR1, "USR1"}, {SIGUSR2, "USR2"}, {SIGVTALRM, "VTALRM"}, {SIGXCPU, "XCPU"}, {SIGXFSZ, "XFSZ"}};
  for (const auto& [known, name] : kFatal) {
    if (known == number) return name;
  }
  return nullptr;
}

std::vector<char*> as_argv(const std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  pointers.reserve(strings.size() + 1);
  for (const std::string& string : strings) pointers.push_back(const_cast<char*>(string.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

// Returns why the user of the script cannot reach it: its file is gone, or errno is another one.
[[gnu::no_sanitize("address", "thread")]] StartFailure unless_gone() {
  const bool is_gone = errno == ENOENT || errno == ENOTDIR;
  return is_gone ? StartFailure::kReplaced : StartFailure::kNotExecutable;
}

}  // namespace

// It uses system calls only, because other threads of the parent may hold any lock.
// rule: process/no-file-of-the-server, process/default-signals-and-own-group, disclosure/no-shell-for-unrunnable-file
[[gnu::no_sanitize("address", "thread")]] StartFailure execute(const ChildPlan& plan) {
  const ScriptCommand& command = plan.command;
  const char* const file = command.file.c_str();
  ::setsid();
  struct sigaction standard = {};
  standard.sa_handler = SIG_DFL;
  for (const int number : plan.signals) ::sigaction(number, &standard, nullptr);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);

  if (::dup2(plan.input, 0) < 0 || ::dup2(plan.output, 1) < 0 || ::dup2(plan.errors, 2) < 0) {
    return StartFailure::kNoResources;
  }
  close_other_descriptors();  // rule: process/no-connection-of-another-client
  // The umask stays that of the operator.  rule: process/umask-is-sane
  for (const ScriptLimit& limit : command.limits) {  // rule: process/limits-of-the-operator
    const rlimit both{static_cast<rlim_t>(limit.soft), static_cast<rlim_t>(limit.hard)};
    if (::setrlimit(limit.resource, &both) != 0) return StartFailure::kPrivileges;
  }
  // rule: process/capabilities-are-dropped, process/user-ids-are-nobodys, process/group-ids-are-nobodys
  // rule: seed/scripts-run-as-nobody, seed/nobody-keeps-no-privilege, cgi/script-cannot-interfere-with-server
  // rule: cgi/script-data-is-private
  if (!drop_privileges(command)) return StartFailure::kPrivileges;
  // rule: process/working-directory-is-readable
  if (!command.directory.empty() && ::chdir(command.directory.c_str()) != 0) return unless_gone();
  if (command.is_interpreted && ::access(file, R_OK) != 0) return unless_gone();
  // The server executes the name and not the descriptor that it checked. The interpreter of a "#!" script would get
  // /dev/fd/N: the script would not find the files beside it, and the descriptor would stay open. But the name must
  // still lead to the file that was checked.  rule: process/checked-file-is-executed
  struct stat now = {};
  if (command.inode != 0 && ::stat(file, &now) == 0 && (now.st_ino != command.inode || now.st_dev != command.device)) {
    errno = ESTALE;
    return StartFailure::kReplaced;
  }
  // rule: cgi/script-is-executed-as-program, argument/no-shell-is-started, environment/fields-reach-no-shell
  ::execve(file, plan.arguments, plan.environment);
  const int error = errno;
  if (error == E2BIG) return StartFailure::kTooLarge;
  // EAGAIN: the user has too many processes.
  if (error == EAGAIN || error == ENOMEM || error == ETXTBSY || error == EMFILE || error == ENFILE || error == EIO) {
    return StartFailure::kNoResources;
  }
  const bool may_execute = ::access(file, X_OK) == 0;  // rule: process/not-runnable-by-nobody-is-refused
  const StartFailure failure = may_execute ? StartFailure::kCannotExecute : unless_gone();
  errno = error;
  return failure;
}

std::optional<StartFailure> Script::start(const ScriptCommand& command, ScriptPlace place, Script& script, int& error) {
  UniqueFd child_input, child_output, child_errors;
  if (!make_pipe(child_input, script.input_) || !make_pipe(script.output_, child_output, kPipeSize) ||
      !make_pipe(script.errors_, child_errors)) {
    error = errno;
    return StartFailure::kNoResources;
  }
  for (const UniqueFd* ours : {&script.input_, &script.output_, &script.errors_}) {
    ::fcntl(ours->get(), F_SETFL, O_NONBLOCK);
  }
  // The script finds a small body in its pipe and is not woken for it.
  if (!command.input.empty()) {
    const ssize_t fed = ::write(script.input_.get(), command.input.data(), command.input.size());
    script.fed_ = static_cast<std::size_t>(std::max<ssize_t>(fed, 0));
  }
  if (command.input_ends && script.fed_ == command.input.size()) script.input_.reset();

  const auto arguments = as_argv(command.arguments);
  const auto environment = as_argv(command.environment);
  ChildPlan plan{.command = command,
                 .arguments = arguments.data(),
                 .environment = environment.data(),
                 .signals = signals_to_reset(),
                 .input = child_input.get(),
                 .output = child_output.get(),
                 .errors = child_errors.get()};
  std::unique_lock lock(starts_mutex);
  reap_late_ends();
  starts.insert(&plan);
  lock.unlock();
  // A signal in the child would run the server's handler, maybe on the server's memory.
  sigset_t all, before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  start_child(plan);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  lock.lock();
  starts.erase(&plan);
  lock.unlock();
  script.pid_ = __atomic_load_n(&plan.pid, __ATOMIC_ACQUIRE);  // another thread may have set it
  script.place_ = std::move(place);
  script.ended_ = std::move(plan.ended);
  if (plan.error == 0 && !plan.killed) return std::nullopt;
  script.reap();
  error = plan.error;
  return plan.killed ? StartFailure::kLate : plan.failure;
}

Script::~Script() {
  if (pid_ > 0) end();
}

void end_late_starts(Clock::time_point now) {
  std::lock_guard lock(starts_mutex);
  reap_late_ends();
  for (ChildPlan* plan : starts) {
    const int pid = __atomic_load_n(&plan->pid, __ATOMIC_RELAXED);
    if (plan->command.deadline <= now && pid > 0) plan->killed = ::kill(pid, SIGKILL) == 0;
  }
}

// A session leader cannot leave its group.
void Script::signal_group(int signal) const {
  if (pid_ > 0) ::kill(-pid_, signal);
}

// Another script may trace this one, and then the system need not give it back for as long as it likes.
// rule: process/ended-scripts-leave-no-zombies, resource/script-time-is-limited
int Script::reap() {
  int status = 0;
  pollfd ended{ended_.get(), POLLIN, 0};
  while (pid_ > 0 && ::poll(&ended, 1, kEndOfKilled) < 0 && errno == EINTR) {
  }
  try {
    std::lock_guard lock(starts_mutex);
    if (pid_ > 0 && !reap_now(pid_, status)) unreaped.push_back(pid_);
  } catch (const std::bad_alloc&) {  // it stays until the server ends
  }
  pid_ = -1;
  place_ = {};
  return status;
}

// rule: process/script-ends-with-client
int Script::end() {
  signal_group(SIGKILL);
  return reap();
}

std::vector<ScriptLimit> limits_of_scripts(const ScriptLimits& options, std::size_t descriptors) {
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  const rlimit raised{std::max(before.rlim_cur, std::min<rlim_t>(descriptors, before.rlim_max)), before.rlim_max};
  ::setrlimit(RLIMIT_NOFILE, &raised);
  std::vector<ScriptLimit> limits = {{RLIMIT_NOFILE, before.rlim_cur, before.rlim_max}};
  const auto add = [&](int resource, std::uint64_t wanted) {
    rlimit now{};
    ::getrlimit(resource, &now);
    const auto limit = std::min<std::uint64_t>(wanted, now.rlim_max);  // only root may raise that
    if (wanted > 0) limits.push_back({resource, limit, limit});
  };
  add(RLIMIT_CPU, options.cpu);
  add(RLIMIT_AS, options.memory);
  add(RLIMIT_NOFILE, options.files);
  add(RLIMIT_NPROC, options.processes);
  return limits;
}

std::string exit_text(int status) {
  if (WIFSIGNALED(status)) {
    const int number = WTERMSIG(status);
    const char* name = signal_name(number);
    return "exit code -" + std::to_string(number) + (name != nullptr ? " (SIG" + std::string(name) + ")" : "");
  }
  const int code = WEXITSTATUS(status);
  return code == 0 ? "" : "exit code " + std::to_string(code);
}

}  // namespace cgi
