// A server to measure: one that runs already, or one that cgi-conform starts and ends.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

#include "../server/unique_fd.h"
#include "cgroup.h"
#include "client.h"
#include "options.h"
#include "scenario.h"

namespace cgi::bench {

// A URL or a server that does not exist (exit status 2), or a server that does not start (3).
struct TargetError : std::runtime_error {
  TargetError(const std::string& what, int status, bool told = false)
      : std::runtime_error(what), exit_status(status), is_told(told) {}
  int exit_status;
  bool is_told;  // cgi-conform has printed a message
};

struct Url {
  std::string host;  // without brackets
  std::uint16_t port = 80;
  std::string authority;  // as in the Host field
  std::string prefix;     // before every path; it does not end with '/'
};
// Takes apart the URL of target `name`. Throws TargetError.
Url parse_url(const std::string& name, const std::string& url);

// How cgi-conform starts a server.
struct Start {
  KnownServer server;
  std::string runner;
  std::filesystem::path root;
};

struct Target {
  std::string name;
  std::string about;  // title, version and profile, if known
  Url url;
  Address address;
  pid_t pid = 0;                                   // of the server, if it runs on this machine; else 0
  std::optional<Start> start;                      // if cgi-bench started it, and can start one more
  std::shared_ptr<const Cgroup> group;             // that holds all processes of the server; may be null
  std::string invalid;                             // why its figures are not valid
  std::map<std::string, std::string> not_offered;  // optional scenarios, and the problem with their answers

  Shot shot(const Exchange& exchange) const;
  // Returns the request of a connection that stays open.
  Shot idle_shot(const Exchange& exchange) const;
  // Returns the processor time of the server and of its scripts up to now, if it can be known.
  std::optional<double> cpu_seconds() const;
};

Target reach(const RunningServer& server);

// A running `cgi-conform serve`. It ends its server when cgi-bench closes its standard input, or ends.
class StartedServer {
 public:
  explicit StartedServer(const Start& start);
  StartedServer(const StartedServer&) = delete;
  ~StartedServer();

  const Target& target() const { return target_; }

 private:
  pid_t runner_ = -1;
  UniqueFd input_;
  Target target_;
};

}  // namespace cgi::bench
