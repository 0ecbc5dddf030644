// The server uses clone(CLONE_VM | CLONE_VFORK) and not fork(). Copying the page tables of a server with many threads
// costs most of a request. The child reports in shared memory why it cannot execute the script.

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <memory>
#include <new>

#include "script.h"

namespace cgi {
namespace {

// Runs in the child. Sanitizers would do something before a call that does not return.
[[gnu::no_sanitize("address", "thread")]] int run_child(void* argument) {
  auto* plan = static_cast<ChildPlan*>(argument);
  plan->failure = execute(*plan);
  plan->error = errno;
  ::_exit(127);
}

// Gives the calling thread an empty session keyring in place of that of root's session, which its scripts would get.
// Returns false and sets errno if the system has no room for one. A system or sandbox without keyrings has none for
// scripts either.
bool leave_keys_behind() {
  static thread_local bool is_done = false;
  if (is_done) return true;
  const bool is_new = ::syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr) >= 0;
  return is_done = is_new || errno == ENOSYS || errno == EPERM || errno == EACCES;
}

}  // namespace

bool make_pipe(UniqueFd& read_end, UniqueFd& write_end, int size) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return false;
  read_end.reset(ends[0]);
  write_end.reset(ends[1]);
  if (size > 0) ::fcntl(ends[0], F_SETPIPE_SZ, size);  // may fail: the default size works, too
  return true;
}

void start_child(ChildPlan& plan) {
  if (plan.command.account != nullptr && !leave_keys_behind()) {
    plan.error = errno;
    return;
  }
  // The stack of the child. This thread waits until the script runs.
  constexpr std::size_t kStack = 64 * 1024;
  const std::unique_ptr<char[]> stack(new (std::nothrow) char[kStack]);
  if (!stack) {
    plan.error = ENOMEM;
    return;
  }
  int pidfd = -1;
  // The kernel sets plan.pid before the child runs.
  constexpr int kFlags = CLONE_VM | CLONE_VFORK | CLONE_PIDFD | CLONE_CHILD_SETTID | SIGCHLD;
  if (::clone(run_child, stack.get() + kStack, kFlags, &plan, &pidfd, nullptr, &plan.pid) < 0) plan.error = errno;
  plan.ended.reset(pidfd);
}

[[gnu::no_sanitize("address", "thread")]] void close_other_descriptors() {
  if (::syscall(SYS_close_range, 3U, ~0U, 0U) == 0) return;
  const long limit = ::sysconf(_SC_OPEN_MAX);  // before Linux 5.9
  for (int fd = 3; fd < limit; ++fd) ::close(fd);
}

// Uses system calls: the C library's functions would also change the threads of the server, with which the child
// shares memory.
[[gnu::no_sanitize("address", "thread")]] bool drop_privileges(const ScriptCommand& command) {
  const Account* account = command.account;
  if (account != nullptr && (::syscall(SYS_setgroups, 0, nullptr) != 0 ||
                             ::syscall(SYS_setresgid, account->gid, account->gid, account->gid) != 0 ||
                             ::syscall(SYS_setresuid, account->uid, account->uid, account->uid) != 0)) {
    return false;
  }
  // Inheritable and ambient capabilities would outlive the change of user.
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  const std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> none{};
  if (::syscall(SYS_capset, &header, none.data()) != 0) return false;
  return !command.no_new_privileges || ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
}

const bool kHasNoNewPrivileges = true;

}  // namespace cgi
