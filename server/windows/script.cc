// The process of a script on Windows: a job, which ends with all processes in it.
//
// Two things that script.h says do not hold here: another file of the same name may be executed between the check and
// the start, and the first octets of the input reach the script a moment after it has begun.

#include "script.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <map>
#include <memory>
#include <mutex>
#include <utility>

#include "job.h"
#include "name_rules.h"
#include "script_program.h"
#include "wide.h"

namespace cgi {
namespace {

constexpr DWORD kEndOfKilled = 2000;  // milliseconds
constexpr std::size_t kFirstLine = 512;
constexpr DWORD kElevationRequired = 740, kVirusInfected = 225;  // winerror.h of mingw-w64 lacks them
enum Resource { kCpu, kMemory, kProcesses };

// The jobs of the scripts that run, by the number of the process. No other process gets it as long as the job has it.
std::mutex jobs_mutex;
std::map<int, Job> jobs;  // guarded by jobs_mutex

std::string start_of(const std::string& file) {
  std::string start(kFirstLine, '\0');
  const UniqueFd opened(::open(file.c_str(), _O_RDONLY, 0));
  const ssize_t count = opened ? ::pread(opened.get(), start.data(), start.size(), 0) : 0;
  start.resize(static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
  return start;
}

std::string path_of(const std::vector<std::string>& environment) {
  for (const std::string& variable : environment) {
    if (variable.starts_with("PATH=")) return variable.substr(5);
  }
  return "";
}

StartFailure failure_of(DWORD error) {
  switch (error) {
    case ERROR_BAD_EXE_FORMAT:
    case ERROR_EXE_MACHINE_TYPE_MISMATCH:
    case ERROR_INVALID_NAME:
      return StartFailure::kCannotExecute;
    case ERROR_ACCESS_DENIED:
    case kElevationRequired:
    case kVirusInfected:
      return StartFailure::kNotExecutable;
    case ERROR_FILENAME_EXCED_RANGE:
      return StartFailure::kTooLarge;
    case ERROR_FILE_NOT_FOUND:
    case ERROR_PATH_NOT_FOUND:
      return StartFailure::kReplaced;
    default:
      return StartFailure::kNoResources;
  }
}

// Returns the words of the command line, with the program as the first one; nothing if the script cannot run.
std::optional<std::vector<std::string>> words_for(const ScriptCommand& command, std::string& file) {
  std::replace(file.begin(), file.end(), '/', '\\');
  auto words = words_before_script(file.substr(file.rfind('\\') + 1), start_of(file), command.interpreters);
  if (!words) return std::nullopt;
  if (!words->empty() && words->front().find_first_of("\\/") == std::string::npos) {
    words->front() = program_on_path(words->front(), path_of(command.environment));
    if (words->front().empty()) return std::nullopt;
  }
  words->push_back(file);
  words->insert(words->end(), command.arguments.begin() + 1, command.arguments.end());
  return words;
}

}  // namespace

std::optional<StartFailure> Script::start(const ScriptCommand& command, ScriptPlace place, Script& script, int& error) {
  std::string file = command.file;
  const auto words = words_for(command, file);
  error = ENOEXEC;
  if (!words) return StartFailure::kCannotExecute;
  const auto line = quoted_arguments(*words);
  if (!line) return StartFailure::kCannotExecute;
  JobCommand job_command{words->front(), *line, command.directory, command.environment};
  for (std::string& variable : job_command.environment) variable = with_file_name(std::move(variable));
  for (const ScriptLimit& limit : command.limits) {
    (limit.resource == kCpu      ? job_command.cpu_seconds
     : limit.resource == kMemory ? job_command.memory
                                 : job_command.processes) = limit.soft;
  }
  Job job;
  const DWORD failed = reads_commands(job_command.program) ? ERROR_ACCESS_DENIED : job.start(job_command);
  error = errno_of(failed);
  if (failed != 0) return failure_of(failed);
  script.input_.reset(descriptor_of_pipe(std::move(job.input())));
  script.output_.reset(descriptor_of_pipe(std::move(job.output())));
  script.errors_.reset(descriptor_of_pipe(std::move(job.errors())));
  HANDLE process = nullptr;
  if (!::DuplicateHandle(::GetCurrentProcess(), job.process(), ::GetCurrentProcess(), &process, SYNCHRONIZE, FALSE,
                         0)) {
    return StartFailure::kNoResources;  // the job ends with this function
  }
  script.ended_.reset(descriptor_of_process(process));
  script.pid_ = static_cast<int>(::GetProcessId(job.process()));
  script.place_ = std::move(place);
  {
    std::lock_guard lock(jobs_mutex);
    jobs.insert_or_assign(script.pid_, std::move(job));
  }
  if (!command.input.empty()) {
    const ssize_t fed = ::write(script.input_.get(), command.input.data(), command.input.size());
    script.fed_ = static_cast<std::size_t>(std::max<ssize_t>(fed, 0));
  }
  if (command.input_ends && script.fed_ == command.input.size()) script.input_.reset();
  return std::nullopt;
}

Script::~Script() {
  if (pid_ > 0) end();
}

void end_late_starts(Clock::time_point) {}

// Windows has no signals. All that the server sends to a group ends it.
void Script::signal_group(int) const {
  std::lock_guard lock(jobs_mutex);
  if (const auto job = jobs.find(pid_); job != jobs.end()) job->second.end();
}

int Script::reap() {
  if (pid_ <= 0) return 0;
  std::unique_lock lock(jobs_mutex);
  auto job = jobs.extract(pid_);
  lock.unlock();
  pid_ = -1;
  place_ = {};
  if (!job) return 0;
  ::WaitForSingleObject(job.mapped().process(), INFINITE);
  return static_cast<int>(job.mapped().exit_status());
}

int Script::end() {
  signal_group(0);
  pollfd ended{ended_.get(), POLLIN, 0};
  if (::poll(&ended, 1, kEndOfKilled) != 0) return reap();
  {
    std::lock_guard lock(jobs_mutex);
    jobs.erase(pid_);
  }
  pid_ = -1;
  place_ = {};
  return 0;
}

std::vector<ScriptLimit> limits_of_scripts(const ScriptLimits& options, std::size_t) {
  std::vector<ScriptLimit> limits;
  if (options.cpu > 0) limits.push_back({kCpu, options.cpu, options.cpu});
  if (options.memory > 0) limits.push_back({kMemory, options.memory, options.memory});
  if (options.processes > 0) limits.push_back({kProcesses, options.processes, options.processes});
  return limits;
}

const bool kHasNoNewPrivileges = false;

std::string exit_text(int status) {
  if (status == 0) return "";
  if (status > 0) return "exit code " + std::to_string(status);
  std::array<char, 32> text{};  // a status of Windows, such as that of a crash: 0xc0000005
  std::snprintf(text.data(), text.size(), "exit code 0x%08x", static_cast<unsigned>(status));
  return text.data();
}

}  // namespace cgi
