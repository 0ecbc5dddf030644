// The process of a script.
//
// The server uses clone(CLONE_VM | CLONE_VFORK) and not fork(). Copying the page tables of a server with many threads
// costs most of a request. In shared memory the child reports why it cannot execute the script, before the server sends
// a status line: the client gets 403 and not an empty 200.
// rule: seed/unrunnable-script-is-403
#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "clock.h"
#include "quota.h"
#include "unique_fd.h"

namespace cgi {

// The user that scripts run as.
struct Account {
  uid_t uid = 0;
  gid_t gid = 0;
  std::string name;
};

// The place of a running script, or no place.
struct ScriptPlace {
  Quota::Share place;
  Quota::Share early;  // of a script whose body is not all here yet
  explicit operator bool() const { return place != nullptr; }
};

// Limits how many scripts run at once, and lets at most half of them wait for the rest of their body. A script holds a
// place only while it runs: a client that takes its response slowly must not keep others from running scripts.
// rule: resource/overload-is-503
class ScriptPlaces {
 public:
  explicit ScriptPlaces(std::size_t limit) : all_(limit), early_((limit + 1) / 2) {}

  bool any() const { return all_.any(); }
  ScriptPlace take(bool is_early = false) {
    ScriptPlace taken;
    if (is_early && !(taken.early = early_.take())) return {};
    if (!(taken.place = all_.take())) return {};
    return taken;
  }

 private:
  Quota all_;
  Quota early_;
};

// A limit of setrlimit().
struct ScriptLimit {
  __rlimit_resource resource;
  rlimit limit;
};

struct ScriptCommand {
  std::string file;                      // the program to execute
  dev_t device = 0;                      // of the file that was checked: no other is executed
  ino_t inode = 0;                       // 0: any file
  std::vector<std::string> arguments;    // argv, with its first element
  std::vector<std::string> environment;  // the whole environment, "NAME=value"
  std::string directory;                 // the working directory; empty: the server's
  const Account* account = nullptr;      // the user to run as, without other groups; null: the server's
  bool is_interpreted = false;           // it begins with "#!", so `account` must be able to read it
  Clock::time_point deadline = Clock::time_point::max();  // for its start
  std::span<const ScriptLimit> limits;                    // beside those of the server
  bool no_new_privileges = false;                         // no set-user-id program gets other rights
  std::string_view input;                                 // the first octets of its standard input
  bool input_ends = false;                                // no more follow
};

// The reasons why a script did not start.
enum class StartFailure {
  kNotExecutable,  // its user may not execute it
  kCannotExecute,  // no interpreter, an unknown format
  kTooLarge,       // environment and arguments exceed what the system takes
  kReplaced,       // another file has its name now
  kPrivileges,     // the server could not change the user, so it must not run
  kNoResources,    // out of processes, descriptors or memory, or a program writes the file: this passes
  kLate,           // it was stopped before it ran: see end_late_starts()
};

// A running script: its process, and the server's ends of its standard input, output and error (non-blocking). The
// script leads a session of its own, which has no terminal: with the terminal of the server it could type commands
// there. It has the descriptors 0, 1 and 2 only, default signal dispositions, and no blocked signals.
// rule: process/session-without-terminal, process/no-file-of-the-server
// rule: process/default-signals-and-own-group, base/default-signals-and-three-files
class Script {  // rule: resource/no-deadlock-by-stderr
 public:
  // Starts the script, which holds `place` until it has ended. If that fails, returns the reason and sets `error` to
  // errno.
  static std::optional<StartFailure> start(const ScriptCommand& command, ScriptPlace place, Script& script, int& error);

  Script() = default;
  Script(const Script&) = delete;
  // Ends the script as end() does, if it still runs.
  ~Script();

  pid_t pid() const { return pid_; }
  // Returns how many octets of ScriptCommand::input are in the pipe. They were there before the script ran.
  std::size_t fed() const { return fed_; }
  UniqueFd& input() { return input_; }
  UniqueFd& output() { return output_; }
  UniqueFd& errors() { return errors_; }
  // Returns a descriptor that is readable once the script itself has ended.
  int ended_fd() const { return pidfd_.get(); }

  // Sends `signal` to the script and its process group.
  void signal_group(int signal) const;
  // Waits for the end of the script and gives its place back. Returns the status of waitpid().
  int reap();
  // Kills the group with SIGKILL and reaps the script. If the script does not end (it runs as another user now, or
  // hangs in the kernel), a thread waits for it, and this returns status 0.
  int end();

 private:
  pid_t pid_ = -1;  // -1: none, or reaped
  ScriptPlace place_;
  std::size_t fed_ = 0;
  UniqueFd pidfd_;
  UniqueFd input_;
  UniqueFd output_;
  UniqueFd errors_;
};

// Kills the scripts that have not begun to run by `now`. A process of the same user can stop a script between the
// change of user and its execution, and the thread that starts it would wait for ever.
// rule: resource/start-of-script-is-limited
void end_late_starts(Clock::time_point now);

// Raises the server's limit on descriptors to `wanted`, or as far as the system allows. Returns the limit before, which
// scripts get: select() cannot handle descriptors above 1024.
rlimit raise_descriptor_limit(std::size_t wanted);

// Returns "exit code 3" or "exit code -9 (SIGKILL)" for the log; an empty text for status 0.
std::string exit_text(int status);

}  // namespace cgi
