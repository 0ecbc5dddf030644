// The site of --demo, which the program carries. demo/ holds its files.
#pragma once

#include <optional>
#include <string>

#include "script.h"

namespace cgi {

// The site in a temporary directory. Its end removes the directory.
class Demo {
 public:
  // Unpacks the site. `account` is the user of scripts, as in CgiServer: it owns the one file that a script writes.
  // Throws std::runtime_error with the next step if that fails, or if scripts cannot run in the temporary directory.
  explicit Demo(const std::optional<Account>& account);
  Demo(const Demo&) = delete;
  ~Demo();

  std::string document_root() const { return path_ + "/site"; }

 private:
  Demo();

  std::string path_;
};

}  // namespace cgi
