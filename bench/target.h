// A server to measure: one that runs already, or one that cgi-conform starts and ends.
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
  std::string prefix;     // before every path; it does not end with '/'
};
Url parse_url(const std::string& url);

struct Target {
  std::string name;
  std::string about;  // title, version and profile, if known
  Url url;
  Address address;
  pid_t pid = 0;                                   // of the server, if it runs on this machine; else 0
  std::string invalid;                             // why its figures are not valid
  std::map<std::string, std::string> not_offered;  // optional scenarios, and the problem with their answers

  Shot shot(const Exchange& exchange) const;
};

Target reach(const RunningServer& server);

// A running `cgi-conform serve`. It ends its server when cgi-bench closes its standard input, or ends.
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
