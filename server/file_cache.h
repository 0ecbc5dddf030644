// Small files in memory. One stat() per request shows whether a file is still the one that was read.
//
// An entry is used only if device, inode, size, mtime and ctime are the same as before, and if both times were older
// than two seconds when the file was read. A write has a later ctime, however coarse the clock of the file system is.
//
// Two changes show nothing of that: a write through a mapping, and a directory of the path that somebody moved out of
// the root and replaced by a link. So an entry is used for a second only.
#pragma once

#include <sys/stat.h>

#include <cstddef>
#include <ctime>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "clock.h"
#include "document_root.h"

namespace cgi {

// A plain file as its response needs it.
struct StoredFile {
  std::string path;         // below the root
  struct stat status = {};  // before it was read
  std::time_t read_at = 0;  // the time before it was read
  std::string fields;       // Content-type, Content-Length, Last-Modified
  std::string content;
};

class FileCache {
 public:
  // A file is read anew after the time `life`.
  explicit FileCache(const DocumentRoot& root, Clock::duration life = std::chrono::seconds(1))
      : root_(root), life_(life) {}

  // Returns the file that `target` leads to, if it is known and has not changed since.
  // rule: base/changed-file-is-served-anew
  std::shared_ptr<const StoredFile> find(const std::string& target);
  // Remembers a file that was read.
  void keep(const std::string& target, std::shared_ptr<const StoredFile> file);

 private:
  struct Entry {
    std::shared_ptr<const StoredFile> file;
    Clock::time_point until;
  };

  const DocumentRoot& root_;
  const Clock::duration life_;
  std::mutex mutex_;
  std::unordered_map<std::string, Entry> files_;  // by target; guarded by mutex_
  std::size_t octets_ = 0;                        // guarded by mutex_
};

}  // namespace cgi
