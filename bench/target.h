// A server to be measured: one that runs already, or one that the runner starts and that ends with us.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <map>
#include <stdexcept>
#include <string>

#include "../server/unique_fd.h"
#include "client.h"
#include "options.h"
#include "scenario.h"

namespace cgi::bench {

// A URL that cannot be used (exit status 2), or a server that does not start (3).
struct TargetError : std::runtime_error {
  TargetError(const std::string& what, int status) : std::runtime_error(what), exit_status(status) {}
  int exit_status;
};

struct Url {
  std::string host;  // without brackets
  std::uint16_t port = 80;
  std::string authority;  // as in the Host field
  std::string prefix;     // of every path; no '/' at its end
};
Url parse_url(const std::string& url);

struct Target {
  std::string name;
  std::string about;  // title, version, profile, as far as known
  Url url;
  Address address;
  pid_t pid = 0;                                   // of the server, if it runs here and we may look at it
  std::string invalid;                             // why its figures must not be compared
  std::map<std::string, std::string> not_offered;  // optional scenarios, and what it answered instead

  Shot shot(const Exchange& exchange) const;
};

Target reach(const RunningServer& server);

// `cgi-conform serve`, under way: it ends its server when we close its standard input, or are gone.
class StartedServer {
 public:
  StartedServer(const KnownServer& server, const std::string& runner, const std::filesystem::path& root);
  StartedServer(StartedServer&& other) noexcept;
  ~StartedServer();

  const Target& target() const { return target_; }

 private:
  pid_t runner_ = -1;
  UniqueFd input_;
  Target target_;
};

}  // namespace cgi::bench
