// A process of Windows with all processes that it starts: a job. It ends with this object, however the server ends.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "pipe.h"
#include "script.h"
#include "unique_handle.h"

namespace cgi {

// The command of a process. All texts are UTF-8.
struct JobCommand {
  std::string program;                       // the absolute path of an executable
  std::string line;                          // its command line, with the name of the program (script_program.h)
  std::string directory;                     // absolute; empty: that of the server
  std::vector<std::string> environment;      // "NAME=value"
  std::span<const ScriptLimit> limits = {};  // those of limits_of_scripts()
};

class Job {
 public:
  // Starts a process with pipes as its standard input, output and error. It inherits no other handle. Returns 0, or
  // the error of Windows.
  DWORD start(const JobCommand& command);

  // Returns a handle that is signalled once the process itself has ended.
  HANDLE process() const { return process_.get(); }
  // The server's ends of the pipes. The caller may take them.
  std::unique_ptr<PipeEnd>& input() { return input_; }
  std::unique_ptr<PipeEnd>& output() { return output_; }
  std::unique_ptr<PipeEnd>& errors() { return errors_; }
  // Returns the exit status of a process that has ended.
  DWORD exit_status() const;
  // Ends all processes of the job.
  void end();

 private:
  UniqueHandle job_, process_;
  std::unique_ptr<PipeEnd> input_, output_, errors_;
};

// Looks for "NAME" or "NAME.exe" in the directories of `path`, the value of PATH. Returns an empty text if it is not
// there. Windows itself would look beside the server and in the current directory first.
std::string program_on_path(const std::string& name, const std::string& path);

}  // namespace cgi
