// Lets the kernel of Linux resolve each path, with RESOLVE_BENEATH.
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>

#include <cerrno>
#include <system_error>

#include "document_root.h"

namespace cgi {

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
  // rename files without a pause, some attempt comes between two of them. This many take a fraction of a second.
  // The same error comes without end if a process holds a lease on the file. Then the path alone can be resolved, each
  // time. Among renames it can be, too, but not so often before the file itself is opened.
  constexpr int kMostAttempts = 20'000, kMostOfResolved = 64;
  for (int attempts = 1, resolved = 0;; ++attempts) {
    UniqueFd fd = attempt(flags);
    if (fd || errno != EAGAIN || attempts == kMostAttempts) return fd;
    if ((flags & O_PATH) == 0 && attempt(O_PATH)) ++resolved;
    errno = EAGAIN;
    if (resolved == kMostOfResolved) return UniqueFd();
  }
}

bool DocumentRoot::identify_beneath(int root, const char* path, UniqueFd& handle, struct stat& status) {
  handle = open_beneath(root, path, O_PATH);
  return handle && ::fstat(handle.get(), &status) == 0;
}

}  // namespace cgi
