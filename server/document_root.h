// The document root: the only door to the files below it.
//
// Every name is resolved by the kernel with RESOLVE_BENEATH, so neither ".." nor a symbolic link, however it
// is swapped in between, leads out of the root. The kernel refuses a link that names a place inside the root by an
// absolute path, too: such a path is resolved first, and what comes out opened the same way.
// rule: traversal/sibling-of-root, traversal/symlink-out-of-root, base/dots-stay-below-root
#pragma once

#include <sys/stat.h>

#include <string>

#include "unique_fd.h"

namespace cgi {

class DocumentRoot {
 public:
  // Opens `directory`. Throws std::runtime_error, with the next step, if that fails, or if the kernel lacks openat2()
  // (before Linux 5.6, or hidden by a sandbox) and links are not to be followed.
  DocumentRoot(const std::string& directory, bool follow_symlinks);

  // Absolute and without symbolic links; "/" for the file system's root.
  const std::string& path() const { return path_; }
  // `path` (absolute below the root: "/a/b") as the operating system knows it.
  std::string translated(const std::string& path) const { return path_ == "/" ? path : path_ + path; }

  // Opens `path` ("/a/b"; "/" is the root itself) with O_CLOEXEC and `flags`. An empty UniqueFd and errno on
  // failure; errno EXDEV means: it leads out of the root.
  UniqueFd open(const std::string& path, int flags) const;

 private:
  std::string path_;
  UniqueFd directory_;
  bool follow_symlinks_;
};

}  // namespace cgi
