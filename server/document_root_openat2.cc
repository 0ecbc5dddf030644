// Lets the kernel of Linux resolve each path, with RESOLVE_BENEATH.
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <system_error>

#include "clock.h"
#include "document_root.h"

namespace cgi {
namespace {

constexpr auto kPatience = std::chrono::milliseconds(50);  // for a path; a long chain of links takes time to resolve

}  // namespace

const int DocumentRoot::kSearch = O_PATH;

void DocumentRoot::need_open_beneath(int root) {
  if (open_beneath(root, ".", O_PATH)) return;
  const bool is_missing = errno == ENOSYS || errno == EPERM;
  throw std::system_error(errno, std::generic_category(),
                          is_missing ? "this kernel or sandbox has no openat2(), which keeps links inside the root "
                                       "(Linux 5.6 or newer has it; or allow links to leave: --follow-symlinks)"
                                     : "cannot open it with openat2()");
}

UniqueFd DocumentRoot::open_beneath(int root, const char* path, int flags) {
  const auto attempt = [&](int with) {
    open_how how{};
    how.flags = static_cast<unsigned>(with | O_CLOEXEC);
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
    return UniqueFd(static_cast<int>(::syscall(SYS_openat2, root, path, &how, sizeof how)));
  };
  // EAGAIN: somebody renamed a file, anywhere on the system, while the kernel resolved "..". Try again: even if others
  // rename files without a pause, some attempt comes between two of them.
  // The same error comes without end if a process holds a lease on the file. Then the path alone can be resolved, each
  // time. Among renames it can be, too, but not so often before the file itself is opened.
  constexpr int kMostOfResolved = 64;
  auto until = Clock::time_point::max();
  for (int resolved = 0;;) {
    UniqueFd fd = attempt(flags);
    if (fd || errno != EAGAIN) return fd;
    until = std::min(until, Clock::now() + kPatience);
    if ((flags & O_PATH) == 0 && attempt(O_PATH)) ++resolved;
    errno = EAGAIN;
    if (resolved == kMostOfResolved || Clock::now() >= until) return UniqueFd();
  }
}

bool DocumentRoot::identify_beneath(int root, const char* path, UniqueFd& handle, struct stat& status) {
  handle = open_beneath(root, path, O_PATH);
  return handle && ::fstat(handle.get(), &status) == 0;
}

}  // namespace cgi
