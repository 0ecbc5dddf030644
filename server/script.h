// A script as a process: started with next to nothing, ended with everything it started.
//
// clone(CLONE_VM | CLONE_VFORK), never fork(): copying the page tables of a server with many threads costs
// most of a request, and the child can report in shared memory why it could not execute the script, so that
// a problem is known before a status line is sent (problems are 403, not "200" and silence).
// rule: seed/unrunnable-script-is-403
#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "unique_fd.h"

namespace cgi {

// The user that scripts run as.
struct Account {
  uid_t uid = 0;
  gid_t gid = 0;
  std::string name;
};

// How many scripts may run at once. A place belongs to the life of a script, and to nothing else: what a client
// does before and after it must not keep others from theirs.  rule: resource/overload-is-503
class ScriptPlaces {
 public:
  explicit ScriptPlaces(std::size_t limit) : free_(limit) {}

  bool any() const { return free_ > 0; }
  bool take();
  void leave() { ++free_; }

 private:
  std::atomic<std::size_t> free_;
};

struct LeavePlace {
  void operator()(ScriptPlaces* places) const { places->leave(); }
};
using ScriptPlace = std::unique_ptr<ScriptPlaces, LeavePlace>;

struct ScriptCommand {
  std::string file;                      // to execute
  std::vector<std::string> arguments;    // argv, its first element included
  std::vector<std::string> environment;  // "NAME=value", all of it
  std::string directory;                 // to run in; empty: the server's
  const Account* account = nullptr;      // to become, with no other group; null: stay
  bool is_interpreted = false;           // begins with "#!": `account` must be able to read it, too
  ScriptPlaces* places = nullptr;        // to take one of; null: no limit
  const rlimit* descriptors = nullptr;   // how many it may open; null: as many as the server
};

// Why a script did not start.
enum class StartFailure {
  kNotExecutable,  // for the user that it would run as
  kCannotExecute,  // no interpreter, no format that the kernel knows, arguments too long
  kPrivileges,     // the user could not be changed: it must not run
  kNoResources,    // out of processes, descriptors or memory
  kNoPlace,        // as many run as may
};

// A running script: its process, and our ends of its standard input and output (non-blocking). Standard error
// is the server's. The script leads a process group of its own and has the descriptors 0, 1 and 2 only,
// default signal dispositions and nothing blocked.
// rule: process/no-file-of-the-server, process/default-signals-and-own-group
class Script {
 public:
  // Starts it, or says why not and what errno was.
  static std::optional<StartFailure> start(const ScriptCommand& command, Script& script, int& error);

  Script() = default;
  Script(const Script&) = delete;
  // As end(), if it has not ended yet.
  ~Script();

  pid_t pid() const { return pid_; }
  UniqueFd& input() { return input_; }
  UniqueFd& output() { return output_; }
  // Readable once the script itself has ended.
  int ended_fd() const { return pidfd_.get(); }

  // Sends `signal` to the script and to everything in its group.
  void signal_group(int signal) const;
  // Waits for the end of the script, and leaves its place; the status as waitpid() has it.
  int reap();
  // Ends the group with SIGKILL, and reaps. One that is beyond our reach (a program of another user, or stuck in the
  // kernel) is waited for in the background, and its status is 0.
  int end();

 private:
  pid_t pid_ = -1;  // -1: none, or reaped
  ScriptPlace place_;
  UniqueFd pidfd_;
  UniqueFd input_;
  UniqueFd output_;
};

// Raises the number of descriptors that the server may open to `wanted`, or as far as it may go. Returns the limit
// that was, which is the one for scripts: select() cannot see beyond 1024.
rlimit raise_descriptor_limit(std::size_t wanted);

// "exit code 3" or "exit code -9 (SIGKILL)", for the log; empty for a status of 0.
std::string exit_text(int status);

}  // namespace cgi
