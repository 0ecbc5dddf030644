#include "job.h"

#include <algorithm>
#include <array>

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
  std::ranges::sort(variables, [](const std::wstring& a, const std::wstring& b) {
    const auto of_a = static_cast<int>(a.find(L'=')), of_b = static_cast<int>(b.find(L'='));
    return ::CompareStringOrdinal(a.data(), of_a, b.data(), of_b, TRUE) == CSTR_LESS_THAN;
  });
  std::wstring block;
  for (const std::wstring& variable : variables) block.append(variable).append(1, L'\0');
  return block.append(1, L'\0');
}

UniqueHandle limited_job(std::span<const ScriptLimit> limits) {
  UniqueHandle job(::CreateJobObjectW(nullptr, nullptr));
  JOBOBJECT_EXTENDED_LIMIT_INFORMATION all{};
  auto& basic = all.BasicLimitInformation;
  basic.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE | JOB_OBJECT_LIMIT_DIE_ON_UNHANDLED_EXCEPTION;
  for (const auto& [flag, limit, hard] : limits) {
    basic.LimitFlags |= static_cast<DWORD>(flag);
    if (flag == JOB_OBJECT_LIMIT_PROCESS_MEMORY) all.ProcessMemoryLimit = limit;
    if (flag == JOB_OBJECT_LIMIT_PROCESS_TIME) basic.PerProcessUserTimeLimit.QuadPart = static_cast<LONGLONG>(limit);
    if (flag == JOB_OBJECT_LIMIT_ACTIVE_PROCESS) basic.ActiveProcessLimit = static_cast<DWORD>(limit);
  }
  const bool is_set = job && ::SetInformationJobObject(job.get(), JobObjectExtendedLimitInformation, &all, sizeof all);
  return is_set ? std::move(job) : UniqueHandle();
}

}  // namespace

DWORD Job::start(const JobCommand& command) {
  const auto program = wide(command.program), directory = wide(command.directory);
  if (!program || !directory) return ERROR_INVALID_NAME;
  std::wstring line = wide_enough(command.line);
  if (line.size() >= kLongestLine) return ERROR_FILENAME_EXCED_RANGE;
  UniqueHandle input, output, errors;
  job_ = limited_job(command.limits);
  input_ = PipeEnd::make(true, input);
  output_ = PipeEnd::make(false, output);
  errors_ = PipeEnd::make(false, errors);
  if (!job_ || !input_ || !output_ || !errors_) return ERROR_NOT_ENOUGH_MEMORY;
  // The process inherits these handles only. Otherwise one that another thread starts at the same time would inherit
  // them, too, and hold the pipes open. It begins in the job, so that all that it starts is there, too.
  std::array<HANDLE, 3> handles = {input.get(), output.get(), errors.get()};
  HANDLE job = job_.get();
  SIZE_T size = 0;
  ::InitializeProcThreadAttributeList(nullptr, 2, 0, &size);
  std::vector<char> memory(size);
  auto* const list = reinterpret_cast<LPPROC_THREAD_ATTRIBUTE_LIST>(memory.data());
  if (!::InitializeProcThreadAttributeList(list, 2, 0, &size)) return ::GetLastError();
  const AtEnd at_end([list] { ::DeleteProcThreadAttributeList(list); });
  const auto add = [list](DWORD_PTR attribute, auto& value) {
    return ::UpdateProcThreadAttribute(list, 0, attribute, &value, sizeof value, nullptr, nullptr);
  };
  if (!add(PROC_THREAD_ATTRIBUTE_HANDLE_LIST, handles) || !add(PROC_THREAD_ATTRIBUTE_JOB_LIST, job)) {
    return ::GetLastError();
  }
  STARTUPINFOEXW startup{};
  startup.StartupInfo.cb = sizeof startup;
  startup.StartupInfo.dwFlags = STARTF_USESTDHANDLES;
  startup.StartupInfo.hStdInput = input.get();
  startup.StartupInfo.hStdOutput = output.get();
  startup.StartupInfo.hStdError = errors.get();
  startup.lpAttributeList = list;
  constexpr DWORD kFlags =
      CREATE_NO_WINDOW | CREATE_NEW_PROCESS_GROUP | CREATE_UNICODE_ENVIRONMENT | EXTENDED_STARTUPINFO_PRESENT;
  std::wstring environment = environment_block(command.environment);
  PROCESS_INFORMATION process{};
  if (!::CreateProcessW(program->c_str(), line.data(), nullptr, nullptr, TRUE, kFlags, environment.data(),
                        directory->empty() ? nullptr : directory->c_str(), &startup.StartupInfo, &process)) {
    return ::GetLastError();
  }
  process_.reset(process.hProcess);
  ::CloseHandle(process.hThread);
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
