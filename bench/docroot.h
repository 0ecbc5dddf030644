// The document root of the benchmarks: scripts and big files. It is not that of the cases, whose listings are compared.
#pragma once

#include <filesystem>
#include <set>
#include <string>

#include "scenario.h"

namespace cgi::bench {

// Copies the scripts of `scripts` to DIR/cgi-bin and makes the files in DIR, which must be empty or absent; only those
// of `wanted`, if that is not empty. Readable for everybody: scripts run as nobody.
void lay_out(const std::filesystem::path& directory, const std::filesystem::path& scripts, const Scenarios& scenarios,
             const std::set<std::string>& wanted = {});

// One under TMPDIR that is removed in the end.
class TemporaryDocroot {
 public:
  TemporaryDocroot(const std::filesystem::path& scripts, const Scenarios& scenarios,
                   const std::set<std::string>& wanted);
  TemporaryDocroot(const TemporaryDocroot&) = delete;
  ~TemporaryDocroot() { remove(); }

  const std::filesystem::path& path() const { return path_; }
  void remove() noexcept;

 private:
  std::filesystem::path path_;
};

}  // namespace cgi::bench
