// Starts scripts on every POSIX system.
//
// Each script has a thread in the server. The thread forks, and then waits for the end of the child: POSIX has no
// descriptor that tells of it, and a handler of SIGCHLD would get in the way of a program that embeds the server. The
// child reports through a pipe why it cannot execute the script. If it can, the execution closes the pipe.

#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
#if __has_include(<sys/prctl.h>)
#include <sys/prctl.h>
#endif

#include <array>
#include <cerrno>
#include <functional>
#include <new>
#include <system_error>
#include <thread>
#include <utility>

#include "script.h"

namespace cgi {
namespace {

struct Report {
  StartFailure failure = StartFailure::kNoResources;
  int error = 0;
};

int report_to = -1;  // in a child: the pipe for its report

void send_report(StartFailure failure, int pipe) {
  const Report report{failure, errno};
  while (::write(pipe, &report, sizeof report) < 0 && errno == EINTR) {
  }
}

// Forks, and closes `end` once the child has ended.
void run_child(ChildPlan& plan, UniqueFd report, UniqueFd end) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    report_to = report.get();
    const StartFailure failure = execute(plan);
    send_report(failure, report_to);  // it has moved
    ::_exit(127);
  }
  if (pid < 0) send_report(StartFailure::kNoResources, report.get());
  __atomic_store_n(&plan.pid, pid, __ATOMIC_RELEASE);
  report.reset();  // from here on there may be no plan
  siginfo_t info;
  while (pid > 0 && ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT) < 0 && errno == EINTR) {
  }
  end.reset();
}

void close_on_exec(int fd) { ::fcntl(fd, F_SETFD, FD_CLOEXEC); }

}  // namespace

bool make_pipe(UniqueFd& read_end, UniqueFd& write_end, int) {
  std::array<int, 2> ends{};
  if (::pipe(ends.data()) != 0) return false;
  for (const int end : ends) close_on_exec(end);
  read_end.reset(ends[0]);
  write_end.reset(ends[1]);
  return true;
}

void start_child(ChildPlan& plan) try {
  UniqueFd reports;
  UniqueFd report_end;
  UniqueFd end;
  if (!make_pipe(reports, report_end) || !make_pipe(plan.ended, end)) {
    plan.error = errno;
    return;
  }
  std::thread(run_child, std::ref(plan), std::move(report_end), std::move(end)).detach();
  Report report;
  ssize_t count;
  do {  // until both the child and the thread have closed the pipe
    count = ::read(reports.get(), &report, sizeof report);
  } while (count > 0 || (count < 0 && errno == EINTR));
  plan.failure = report.failure;
  plan.error = report.error;
} catch (const std::system_error& no_thread) {
  plan.error = no_thread.code().value();
} catch (const std::bad_alloc&) {
  plan.error = ENOMEM;
}

void close_other_descriptors() {
  ::dup2(report_to, 3);
  close_on_exec(report_to = 3);
#ifdef CGI_HAS_CLOSEFROM
  ::closefrom(4);
#else
  const long limit = ::sysconf(_SC_OPEN_MAX);  // -1: none
  for (int fd = 4; fd < (limit < 0 ? 65536 : limit); ++fd) ::close(fd);
#endif
}

// setgid() and setuid() by root change the saved ids, too.
bool drop_privileges(const ScriptCommand& command) {
  const Account* account = command.account;
  if (account != nullptr &&
      (::setgroups(0, nullptr) != 0 || ::setgid(account->gid) != 0 || ::setuid(account->uid) != 0)) {
    return false;
  }
#ifdef PR_SET_NO_NEW_PRIVS
  if (command.no_new_privileges) return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
#endif
  return true;
}

#ifdef PR_SET_NO_NEW_PRIVS
const bool kHasNoNewPrivileges = true;
#else
const bool kHasNoNewPrivileges = false;
#endif

}  // namespace cgi
