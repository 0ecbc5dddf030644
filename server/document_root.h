// The document root. The server opens every file below it through this class.
//
// Neither ".." nor a symbolic link leads out of the root, even if somebody swaps a link meanwhile. CMake chooses how:
// in document_root_openat2.cc the kernel of Linux resolves a path; in document_root_walk.cc the server opens one
// directory after the other. Both refuse an absolute link. If it leads to a place inside the root, document_root.cc
// resolves the path first, and opens the result in the same way.
// rule: traversal/sibling-of-root, traversal/symlink-out-of-root, base/dots-stay-below-root
#pragma once

#include <sys/stat.h>

#include <optional>
#include <string>
#include <vector>

#include "pages.h"
#include "unique_fd.h"
#include "url_path.h"

namespace cgi {

class DocumentRoot {  // rule: seed/files-below-the-root-only
 public:
  // Opens `directory`. Throws std::runtime_error with the next step if that fails. Without
  // `follow_symlinks` it also throws if the system cannot keep links inside the root.
  DocumentRoot(const std::string& directory, bool follow_symlinks);

  // Absolute and without symbolic links; "/" for the file system's root.
  const std::string& path() const { return path_; }
  // Returns `path` ("/a/b" below the root) as the operating system knows it.
  std::string translated(const std::string& path) const { return path_ == "/" ? path : path_ + path; }

  // Returns the status of the file that `path` leads to; a link may lead out of the root.
  std::optional<struct stat> status(const std::string& path) const;

  // The next functions find the file at `path` ("/a/b"; "/" is the root itself). If there is no such file for the
  // server, they return false or an empty value and set errno: EXDEV if the path leads out of the root. If the machine
  // fails (no descriptors, no memory, a broken disk), they throw std::system_error: that says nothing about the file.
  // rule: resource/failure-of-machine-is-503

  // Opens a file or a directory. Never waits, and makes no terminal the server's.
  UniqueFd open_for_reading(const std::string& path) const;
  // Opens a directory that the server may search, but perhaps not read.
  UniqueFd open_directory(const std::string& path) const;
  bool is_directory(const std::string& path) const { return static_cast<bool>(open_directory(path)); }
  // Finds a file of any kind, which the server perhaps may not read, and sets `status`. On Linux, without
  // `follow_symlinks`, no other file gets its inode as long as `handle` is open. Otherwise `handle` stays empty.
  bool identify(const std::string& path, UniqueFd& handle, struct stat& status) const;

  // Does what url_path.h says of cgi_directory_of(). Windows has several names for a file: there this first replaces
  // the names of the target by those that the file system has, and compares with those of the CGI directories. Throws
  // as above.
  std::optional<std::size_t> cgi_directory_of(TargetPath& target,
                                              const std::vector<std::string>& cgi_directories) const;

  // Returns the files in a directory that was opened at `path`, or nothing if the server cannot read it. A link to a
  // directory counts as a directory, as in os.path.isdir(), but not if it leads out of the root. Throws as above.
  std::optional<std::vector<ListingEntry>> entries(const UniqueFd& directory, const std::string& path) const;

 private:
  UniqueFd open(const std::string& path, int flags) const;

  // The part that depends on the system. `path` is relative to the descriptor `root`. If ".." or a link leads out of
  // the root, or a link is absolute, the functions fail with EXDEV.
  static const int kSearch;                 // the flag that opens a directory for searching only
  static void need_open_beneath(int root);  // throws if the system lacks it
  static UniqueFd open_beneath(int root, const char* path, int flags);
  static bool identify_beneath(int root, const char* path, UniqueFd& handle, struct stat& status);

  std::string path_;
  UniqueFd directory_;
  bool follow_symlinks_;
};

}  // namespace cgi
