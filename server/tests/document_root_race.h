// Attempts to lead a document root out while the way to a file changes.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <functional>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include "document_root.h"
#include "unique_fd.h"

namespace cgi {

using FileId = std::pair<dev_t, ino_t>;

constexpr int kOpens = 100'000;

inline FileId id_of(const struct stat& status) { return {status.st_dev, status.st_ino}; }

inline FileId id_of(const UniqueFd& file) {
  struct stat status = {};
  return ::fstat(file.get(), &status) == 0 ? id_of(status) : FileId{};
}

inline FileId id_of(const std::string& path) {
  struct stat status = {};
  return ::stat(path.c_str(), &status) == 0 ? id_of(status) : FileId{};
}

// Does something again and again in a thread.
class Repeated {
 public:
  explicit Repeated(const std::function<void()>& change)
      : thread_([this, change] {
          while (!ends_) change();
        }) {}
  ~Repeated() {
    ends_ = true;
    thread_.join();
  }

 private:
  std::atomic<bool> ends_ = false;
  std::thread thread_;
};

inline void move(const std::string& from, const std::string& to) {
  ASSERT_EQ(0, std::rename(from.c_str(), to.c_str()));
}

// The results of many attempts to find a file while somebody changes the way to it.
struct Attempts {
  int inside = 0;
  int refused = 0;  // it leads out, or is not there
  int given_up = 0;
  bool lacks_one() const { return inside == 0 || refused == 0; }
};

// Tries `path`, both as a file and as a script. The file must be `inside`.
inline void attempt(const DocumentRoot& root, const std::string& path, FileId inside, Attempts& attempts) try {
  const UniqueFd file = root.open_for_reading(path);
  UniqueFd handle;
  struct stat status = {};
  const bool found = root.identify(path, handle, status);
  ASSERT_EQ(inside, file ? id_of(file) : inside) << path;
  ASSERT_EQ(inside, found ? id_of(status) : inside) << path;
  attempts.inside += file ? 1 : 0;
  attempts.refused += file ? 0 : 1;
} catch (const std::system_error& failure) {
  ASSERT_EQ(EAGAIN, failure.code().value());
  ++attempts.given_up;
}

}  // namespace cgi
