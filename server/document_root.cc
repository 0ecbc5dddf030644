#include "document_root.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>

namespace cgi {
namespace {

int open_beneath(int directory, const char* path, int flags) {
  open_how how{};
  how.flags = static_cast<unsigned>(flags);
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  // EAGAIN: somebody renamed a directory while the kernel resolved "..". Try again.
  for (int attempt = 0;; ++attempt) {
    long fd = ::syscall(SYS_openat2, directory, path, &how, sizeof how);
    if (fd >= 0 || errno != EAGAIN || attempt == 8) return static_cast<int>(fd);
  }
}

// Returns `path` without links, or nothing and errno.
std::optional<std::string> real_path(const std::string& path) {
  std::unique_ptr<char, decltype(&std::free)> real(::realpath(path.c_str(), nullptr), &std::free);
  return real ? std::optional<std::string>(real.get()) : std::nullopt;
}

// Returns `path` without links, relative to `root`; nothing and errno if it is not below the root. A link may change at
// any moment, so the kernel must check the result again.
std::optional<std::string> resolved_below(const std::string& root, const std::string& path) {
  const auto found = real_path(path);
  const std::string prefix = root == "/" ? root : root + "/";
  if (found == root) return ".";
  if (found && found->starts_with(prefix)) return found->substr(prefix.size());
  if (found) errno = EXDEV;
  return std::nullopt;
}

const char* relative_to_root(const std::string& path) {
  const std::size_t begin = path.find_first_not_of('/');
  return begin == path.npos ? "." : path.c_str() + begin;
}

[[noreturn]] void throw_unusable(int error) {
  throw std::runtime_error(std::string(std::strerror(error)) + " (name another: --directory DIR)");
}

}  // namespace

DocumentRoot::DocumentRoot(const std::string& directory, bool follow_symlinks) : follow_symlinks_(follow_symlinks) {
  const auto found = real_path(directory);
  if (!found) throw_unusable(errno);
  path_ = *found;
  directory_.reset(::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory_) throw_unusable(errno);
  if (!follow_symlinks_ && !UniqueFd(open_beneath(directory_.get(), ".", O_PATH | O_CLOEXEC))) {
    throw std::system_error(errno, std::generic_category(),
                            "this kernel or sandbox has no openat2(), which keeps links inside the root "
                            "(Linux 5.6 or newer has it; or allow links to leave: --follow-symlinks)");
  }
}

std::optional<struct stat> DocumentRoot::status(const std::string& path) const {
  struct stat status = {};
  const bool found = ::fstatat(directory_.get(), relative_to_root(path), &status, 0) == 0;
  return found ? std::optional(status) : std::nullopt;
}

UniqueFd DocumentRoot::open(const std::string& path, int flags) const {
  const char* relative = relative_to_root(path);
  flags |= O_CLOEXEC;
  UniqueFd fd(follow_symlinks_ ? ::openat(directory_.get(), relative, flags)
                               : open_beneath(directory_.get(), relative, flags));
  if (!fd && errno == EXDEV && (flags & O_NOFOLLOW) == 0) {
    // This may be an absolute link to a place inside the root.  rule: base/symlinks-are-followed
    const auto inside = resolved_below(path_, translated(path));
    if (inside) fd.reset(open_beneath(directory_.get(), inside->c_str(), flags));
  }
  constexpr int kAbsent[] = {ENOENT, ENOTDIR, EACCES, EPERM, EXDEV, ELOOP, ENAMETOOLONG, ENXIO, ENODEV, EINVAL};
  if (!fd && std::find(std::begin(kAbsent), std::end(kAbsent), errno) == std::end(kAbsent)) {
    throw std::system_error(errno, std::generic_category(), "cannot open \"" + path + "\"");
  }
  return fd;
}

}  // namespace cgi
