#include "job.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "at_end.h"
#include "wide.h"

namespace cgi {
namespace {

constexpr DWORD kEndedByServer = 9;
constexpr std::size_t kLongestLine = 32767;  // characters, in CreateProcessW()

// Windows wants the variables in the order of their names, in capitals.
std::wstring environment_block(const std::vector<std::string>& environment) {
  std::vector<std::wstring> variables;
  for (const std::string& variable : environment) variables.push_back(wide_enough(variable));
  const auto length_of_name = [](const std::wstring& variable) {
    return static_cast<int>(std::min(variable.find(L'='), variable.size()));
  };
  std::sort(variables.begin(), variables.end(), [&](const std::wstring& a, const std::wstring& b) {
    return ::CompareStringOrdinal(a.data(), length_of_name(a), b.data(), length_of_name(b), TRUE) == CSTR_LESS_THAN;
  });
  std::wstring block;
  for (const std::wstring& variable : variables) block.append(variable).append(1, L'\0');
  return block.append(1, L'\0');
}

UniqueHandle limited_job(const JobCommand& command) {
  UniqueHandle job(::CreateJobObjectW(nullptr, nullptr));
  JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits{};
  auto& basic = limits.BasicLimitInformation;
  basic.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE | JOB_OBJECT_LIMIT_DIE_ON_UNHANDLED_EXCEPTION;
  if (command.memory > 0) {
    basic.LimitFlags |= JOB_OBJECT_LIMIT_PROCESS_MEMORY;
    limits.ProcessMemoryLimit = command.memory;
  }
  if (command.cpu_seconds > 0) {
    basic.LimitFlags |= JOB_OBJECT_LIMIT_PROCESS_TIME;
    const std::uint64_t seconds = std::min<std::uint64_t>(command.cpu_seconds, 900'000'000'000);
    basic.PerProcessUserTimeLimit.QuadPart = static_cast<LONGLONG>(seconds) * 10'000'000;
  }
  if (command.processes > 0) {
    basic.LimitFlags |= JOB_OBJECT_LIMIT_ACTIVE_PROCESS;
    basic.ActiveProcessLimit = static_cast<DWORD>(std::min<std::uint64_t>(command.processes, MAXDWORD));
  }
  if (job && !::SetInformationJobObject(job.get(), JobObjectExtendedLimitInformation, &limits, sizeof limits)) {
    job.reset();
  }
  return job;
}

}  // namespace

DWORD Job::start(const JobCommand& command) {
  const auto program = wide(command.program), directory = wide(command.directory);
  if (!program || !directory) return ERROR_INVALID_NAME;
  std::wstring line = wide_enough(command.line);
  if (line.size() >= kLongestLine) return ERROR_FILENAME_EXCED_RANGE;
  UniqueHandle input, output, errors;
  job_ = limited_job(command);
  input_ = PipeEnd::make(true, input);
  output_ = PipeEnd::make(false, output);
  errors_ = PipeEnd::make(false, errors);
  if (!job_ || !input_ || !output_ || !errors_) return ERROR_NOT_ENOUGH_MEMORY;
  // The process inherits these handles only. Otherwise one that another thread starts at the same time would inherit
  // them, too, and hold the pipes open.
  std::array<HANDLE, 3> handles = {input.get(), output.get(), errors.get()};
  SIZE_T size = 0;
  ::InitializeProcThreadAttributeList(nullptr, 1, 0, &size);
  std::vector<char> memory(size);
  auto* const list = reinterpret_cast<LPPROC_THREAD_ATTRIBUTE_LIST>(memory.data());
  if (!::InitializeProcThreadAttributeList(list, 1, 0, &size)) return ::GetLastError();
  const AtEnd at_end([list] { ::DeleteProcThreadAttributeList(list); });
  if (!::UpdateProcThreadAttribute(list, 0, PROC_THREAD_ATTRIBUTE_HANDLE_LIST, handles.data(), sizeof handles, nullptr,
                                   nullptr)) {
    return ::GetLastError();
  }
  STARTUPINFOEXW startup{};
  startup.StartupInfo.cb = sizeof startup;
  startup.StartupInfo.dwFlags = STARTF_USESTDHANDLES;
  startup.StartupInfo.hStdInput = input.get();
  startup.StartupInfo.hStdOutput = output.get();
  startup.StartupInfo.hStdError = errors.get();
  startup.lpAttributeList = list;
  // The process runs only once it is in the job, so that all that it starts is there, too.
  constexpr DWORD kFlags = CREATE_SUSPENDED | CREATE_NO_WINDOW | CREATE_NEW_PROCESS_GROUP | CREATE_UNICODE_ENVIRONMENT |
                           EXTENDED_STARTUPINFO_PRESENT;
  std::wstring environment = environment_block(command.environment);
  PROCESS_INFORMATION process{};
  if (!::CreateProcessW(program->c_str(), line.data(), nullptr, nullptr, TRUE, kFlags, environment.data(),
                        directory->empty() ? nullptr : directory->c_str(), &startup.StartupInfo, &process)) {
    return ::GetLastError();
  }
  process_.reset(process.hProcess);
  const UniqueHandle thread(process.hThread);
  if (!::AssignProcessToJobObject(job_.get(), process_.get())) {
    const DWORD error = ::GetLastError();
    ::TerminateProcess(process_.get(), kEndedByServer);
    return error;
  }
  ::ResumeThread(thread.get());
  return 0;
}

DWORD Job::exit_status() const {
  DWORD status = 0;
  ::GetExitCodeProcess(process_.get(), &status);
  return status;
}

void Job::end() { ::TerminateJobObject(job_.get(), kEndedByServer); }

std::string program_on_path(const std::string& name, const std::string& path) {
  const auto names = wide(name), directories = wide(path);
  if (!names || !directories || directories->empty()) return "";
  std::array<wchar_t, 4096> found{};
  const DWORD size = ::SearchPathW(directories->c_str(), names->c_str(), L".exe", found.size(), found.data(), nullptr);
  return size > 0 && size < found.size() ? narrow({found.data(), size}) : "";
}

}  // namespace cgi
