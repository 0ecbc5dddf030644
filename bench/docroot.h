// The document root of the benchmarks, with scripts and large files. The cases have another one.
#pragma once

#include <filesystem>
#include <mutex>
#include <set>
#include <string>

#include "scenario.h"

namespace cgi::bench {

// Returns why a document root cannot be laid out in DIR: it is a file, or a folder with files of the user. Returns ""
// if it is an empty folder or absent.
std::string wrong_place(const std::filesystem::path& directory);

// Copies the scripts of `scripts` to DIR/cgi-bin and writes the files to DIR, which must be empty or absent. If
// `wanted` is not empty, writes only the files that it names. Everybody may read them, because scripts run as nobody.
void lay_out(const std::filesystem::path& directory, const std::filesystem::path& scripts, const Scenarios& scenarios,
             const std::set<std::string>& wanted = {});

// A document root below TMPDIR. The destructor removes it.
class TemporaryDocroot {
 public:
  TemporaryDocroot(const std::filesystem::path& scripts, const Scenarios& scenarios,
                   const std::set<std::string>& wanted);
  TemporaryDocroot(const TemporaryDocroot&) = delete;
  ~TemporaryDocroot() { remove(); }

  const std::filesystem::path& path() const { return path_; }
  void remove() noexcept;  // threads may call it at the same time: the folder is gone when it returns

 private:
  std::filesystem::path path_;
  std::mutex removing_;
};

}  // namespace cgi::bench
