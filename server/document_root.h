// The document root. The server opens every file below it through this class.
//
// The kernel resolves each name with RESOLVE_BENEATH, so ".." and symbolic links do not lead out of the root, even if
// somebody swaps a link meanwhile. The kernel also refuses an absolute link that leads to a place inside the root. Such
// a path is resolved here first, and the result is opened in the same way.
// rule: traversal/sibling-of-root, traversal/symlink-out-of-root, base/dots-stay-below-root
#pragma once

#include <sys/stat.h>

#include <optional>
#include <string>

#include "unique_fd.h"

namespace cgi {

class DocumentRoot {  // rule: seed/files-below-the-root-only
 public:
  // Opens `directory`. Throws std::runtime_error with the next step if that fails. Does the same without
  // `follow_symlinks` if the kernel has no openat2() (before Linux 5.6, or hidden by a sandbox).
  DocumentRoot(const std::string& directory, bool follow_symlinks);

  // Absolute and without symbolic links; "/" for the file system's root.
  const std::string& path() const { return path_; }
  // Returns `path` ("/a/b" below the root) as the operating system knows it.
  std::string translated(const std::string& path) const { return path_ == "/" ? path : path_ + path; }

  // Returns the status of the file that `path` leads to; a link may lead out of the root.
  std::optional<struct stat> status(const std::string& path) const;

  // Opens `path` ("/a/b"; "/" is the root itself) with O_CLOEXEC and `flags`. Returns an empty UniqueFd and sets errno
  // if there is no such file for the server: EXDEV if the path leads out of the root. Throws std::system_error if the
  // machine fails (no descriptors, no memory, a broken disk): that says nothing about the file.
  // rule: resource/failure-of-machine-is-503
  UniqueFd open(const std::string& path, int flags) const;

 private:
  std::string path_;
  UniqueFd directory_;
  bool follow_symlinks_;
};

}  // namespace cgi
