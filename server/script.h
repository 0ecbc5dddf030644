// The process of a script.
//
// The child reports why it cannot execute the script, before the server sends a status line: the client gets 403 and
// not an empty 200.
// rule: seed/unrunnable-script-is-403
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "clock.h"
#include "options.h"
#include "quota.h"
#include "unique_fd.h"

namespace cgi {

// The user that scripts run as.
struct Account {
  unsigned uid = 0;
  unsigned gid = 0;
  std::string name;
};

// The place of a running script, or no place.
struct ScriptPlace {
  Quota::Share place;
  Quota::Share early;  // of a script whose body is not all here yet
  explicit operator bool() const { return place != nullptr; }
};

// Limits how many scripts run at once, and lets at most half of them wait for the rest of their body. A script holds a
// place only while it runs, and not until its client has taken the response.  rule: resource/overload-is-503
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
  int resource;
  std::uint64_t soft, hard;
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
  std::span<const Interpreter> interpreters;              // on Windows
  bool no_new_privileges = false;                         // no set-user-id program gets other rights
  std::string_view input;                                 // the first octets of its standard input
  bool input_ends = false;                                // no more follow
};

// The reasons why a script did not start.
enum class StartFailure {
  kNotExecutable,  // its user may not execute it
  kCannotExecute,  // no interpreter, an unknown format
  kTooLarge,       // environment and arguments exceed what the system takes
  kReplaced,       // its name leads to another file now, or to none
  kPrivileges,     // the server could not change the user, so it must not run
  kNoResources,    // out of processes, descriptors or memory, or a program writes the file: this passes
  kLate,           // it was stopped before it ran: see end_late_starts()
};

// A running script: its process, and the server's ends of its standard input, output and error (non-blocking). The
// script leads a session of its own, which has no terminal: with the terminal of the server it could type commands
// there. It has the descriptors 0, 1 and 2 only, default signal dispositions, and no blocked signals.
// rule: process/session-without-terminal, base/default-signals-and-three-files
class Script {  // rule: resource/no-deadlock-by-stderr
 public:
  // Starts the script, which holds `place` until it has ended. If that fails, returns the reason and sets `error` to
  // errno.
  static std::optional<StartFailure> start(const ScriptCommand& command, ScriptPlace place, Script& script, int& error);

  Script() = default;
  Script(const Script&) = delete;
  // Ends the script as end() does, if it still runs.
  ~Script();

  int pid() const { return pid_; }
  // Returns how many octets of ScriptCommand::input are in the pipe. They were there before the script ran.
  std::size_t fed() const { return fed_; }
  UniqueFd& input() { return input_; }
  UniqueFd& output() { return output_; }
  UniqueFd& errors() { return errors_; }
  // Returns a descriptor that is readable once the script itself has ended.
  int ended_fd() const { return ended_.get(); }

  // Sends `signal` to the script and its process group.
  void signal_group(int signal) const;
  // Waits for the end of the script and gives its place back. Returns the status of waitpid(). If the script does not
  // end within two seconds (it runs as another user now, hangs in the kernel, or is traced), returns 0; a later script
  // reaps it.
  int reap();
  // Kills the group with SIGKILL and reaps the script.
  int end();

 private:
  int pid_ = -1;  // -1: none, or reaped
  ScriptPlace place_;
  std::size_t fed_ = 0;
  UniqueFd ended_;
  UniqueFd input_;
  UniqueFd output_;
  UniqueFd errors_;
};

// Kills the scripts that have not begun to run by `now`. A process of the same user can stop a script between the
// change of user and its execution, and the thread that starts it would wait for ever.
// rule: resource/start-of-script-is-limited
void end_late_starts(Clock::time_point now);

// Raises the server's limit on descriptors to `descriptors`, or as far as the system allows. Returns the limits of
// scripts, which get that limit from before: select() cannot handle descriptors above 1024.
std::vector<ScriptLimit> limits_of_scripts(const ScriptLimits& options, std::size_t descriptors);

// True if the system knows ScriptCommand::no_new_privileges.
extern const bool kHasNoNewPrivileges;

// Returns "exit code 3" or "exit code -9 (SIGKILL)" for the log; an empty text for status 0.
std::string exit_text(int status);

// The rest is for the sources: script.cc, and script_clone.cc for Linux or script_fork.cc for every POSIX system.

// The data for the child and from it. It is on the stack of Script::start().
struct ChildPlan {
  const ScriptCommand& command;
  char* const* arguments;
  char* const* environment;
  const std::vector<int>& signals;  // to reset
  int input, output, errors;
  int pid = 0;                                        // out: of the child, before it runs
  UniqueFd ended = {};                                // out: readable once the child has ended
  StartFailure failure = StartFailure::kNoResources;  // out
  int error = 0;                                      // out: 0 if the script runs
  bool killed = false;                                // by end_late_starts()
};

// Turns the child into the script. If that fails, returns the reason and sets errno.
StartFailure execute(const ChildPlan& plan);

// Each system has these in its own way. They return false and set errno if they fail.
//
// Makes a pipe that no script inherits. It has room for `size` octets, if the system lets the server choose.
bool make_pipe(UniqueFd& read_end, UniqueFd& write_end, int size = 0);
// Starts a child that calls execute(), and waits until the script runs or that has failed.
void start_child(ChildPlan& plan);
// These two run in the child. A script has the descriptors 0, 1 and 2 only, and the rights of its user.
void close_other_descriptors();
bool drop_privileges(const ScriptCommand& command);

}  // namespace cgi
