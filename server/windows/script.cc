// The process of a script on Windows: a job, which ends with all processes in it.
//
// Two things that script.h says do not hold here: another file of the same name may be executed between the check and
// the start, and the first octets of the input reach the script a moment after it has begun.

#include "script.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <map>
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

// The jobs of the scripts that run, by the number of the process. No other process gets it as long as the job has it.
std::mutex jobs_mutex;
std::map<int, Job> jobs;  // guarded by jobs_mutex

StartFailure failure_of(int error) {
  if (error == ENOEXEC) return StartFailure::kCannotExecute;
  if (error == EACCES) return StartFailure::kNotExecutable;
  if (error == E2BIG) return StartFailure::kTooLarge;
  return error == ENOENT ? StartFailure::kReplaced : StartFailure::kNoResources;
}

// Returns the words of the command line, with the program as the first one; nothing if the script cannot run.
std::optional<std::vector<std::string>> words_for(const ScriptCommand& command) {
  std::string file = command.file, start(kFirstLine, '\0');
  std::ranges::replace(file, '/', '\\');
  const UniqueFd opened(::open(file.c_str(), _O_RDONLY, 0));
  const ssize_t count = opened ? ::pread(opened.get(), start.data(), start.size(), 0) : 0;
  start.resize(static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
  auto words = words_before_script(file.substr(file.rfind('\\') + 1), start, command.interpreters);
  if (!words) return std::nullopt;
  if (!words->empty() && words->front().find_first_of("\\/") == std::string::npos) {
    const wchar_t* const path = ::_wgetenv(L"PATH");  // that of the script, too
    words->front() = program_on_path(words->front(), path != nullptr ? narrow(path) : "");
    if (words->front().empty()) return std::nullopt;
  }
  words->push_back(file);
  words->insert(words->end(), command.arguments.begin() + 1, command.arguments.end());
  return words;
}

}  // namespace

std::optional<StartFailure> Script::start(const ScriptCommand& command, ScriptPlace place, Script& script, int& error) {
  const auto words = words_for(command);
  const auto line = words ? quoted_arguments(*words) : std::nullopt;
  error = ENOEXEC;
  if (!line) return StartFailure::kCannotExecute;
  JobCommand job_command{words->front(), *line, command.directory, command.environment, command.limits};
  for (std::string& variable : job_command.environment) variable = with_file_name(std::move(variable));
  Job job;
  error = errno_of(reads_commands(job_command.program) ? ERROR_ACCESS_DENIED : job.start(job_command));
  if (error != 0) return failure_of(error);
  script.input_.reset(descriptor_of_pipe(std::move(job.input())));
  script.output_.reset(descriptor_of_pipe(std::move(job.output())));
  script.errors_.reset(descriptor_of_pipe(std::move(job.errors())));
  script.ended_.reset(descriptor_of_process(job.process()));
  script.pid_ = static_cast<int>(::GetProcessId(job.process()));
  script.place_ = std::move(place);
  if (!command.input.empty()) {
    const ssize_t fed = ::write(script.input_.get(), command.input.data(), command.input.size());
    script.fed_ = static_cast<std::size_t>(std::max<ssize_t>(fed, 0));
  }
  if (command.input_ends && script.fed_ == command.input.size()) script.input_.reset();
  std::lock_guard lock(jobs_mutex);
  jobs.insert_or_assign(script.pid_, std::move(job));
  return std::nullopt;
}

Script::~Script() { end(); }

void end_late_starts(Clock::time_point) {}

// Windows has no signals. All that the server sends to a group ends it.
void Script::signal_group(int) const {
  std::lock_guard lock(jobs_mutex);
  if (const auto job = jobs.find(pid_); job != jobs.end()) job->second.end();
}

// The handle of the process belongs to its job. A process that does not end in time ends with its job.
int Script::reap() {
  std::unique_lock lock(jobs_mutex);
  const auto job = jobs.extract(std::exchange(pid_, -1));
  lock.unlock();
  const bool has_ended = job && ::WaitForSingleObject(job.mapped().process(), kEndOfKilled) == WAIT_OBJECT_0;
  ended_.reset();
  place_ = {};
  return has_ended ? static_cast<int>(job.mapped().exit_status()) : 0;
}

int Script::end() {
  signal_group(0);
  return reap();
}

// The resource of a limit is its flag in a job, and the limit is as the job takes it.
std::vector<ScriptLimit> limits_of_scripts(const ScriptLimits& options, std::size_t) {
  std::vector<ScriptLimit> limits;
  const auto add = [&limits](int flag, std::uint64_t limit) {
    if (limit > 0) limits.push_back({flag, limit, limit});
  };
  add(JOB_OBJECT_LIMIT_PROCESS_TIME, std::min<std::uint64_t>(options.cpu, 900'000'000'000) * 10'000'000);  // of 100 ns
  add(JOB_OBJECT_LIMIT_PROCESS_MEMORY, options.memory);
  add(JOB_OBJECT_LIMIT_ACTIVE_PROCESS, std::min<std::uint64_t>(options.processes, MAXDWORD));
  return limits;
}

const bool kHasNoNewPrivileges = false;

std::string exit_text(int status) {
  if (status == 0) return "";
  if (status > 0) return "exit code " + std::to_string(status);
  char text[32];  // a status of Windows, such as that of a crash: 0xc0000005
  std::snprintf(text, sizeof text, "exit code 0x%08x", static_cast<unsigned>(status));
  return text;
}

}  // namespace cgi
