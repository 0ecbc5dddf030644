// The program that the tests start. Its first argument says what to do.

#include <fcntl.h>
#include <io.h>
#include <windows.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "wide.h"

namespace {

int main_of(const std::vector<std::string>& words, const wchar_t* program) {
  const std::string task = words.empty() ? "" : words[0];
  if (task == "arguments") {
    for (std::size_t i = 1; i < words.size(); ++i) std::printf("[%s]", words[i].c_str());
  } else if (task == "environment") {
    for (const wchar_t* one = ::GetEnvironmentStringsW(); *one != 0; one += std::wstring(one).size() + 1) {
      std::printf("%s\n", cgi::narrow(one).c_str());
    }
  } else if (task == "cat") {
    for (int c; (c = std::getchar()) != EOF;) std::putchar(c);
  } else if (task == "errors") {
    std::fputs("to standard error", stderr);
  } else if (task == "exit") {
    return std::atoi(words[1].c_str());
  } else if (task == "handles") {
    // Counts the pipes and files among the handles up to a number. A process opens its current directory itself.
    int count = 0;
    for (std::uintptr_t i = 4; i < 4096; i += 4) {
      const HANDLE handle = reinterpret_cast<HANDLE>(i);
      BY_HANDLE_FILE_INFORMATION file{};
      const bool is_file = ::GetFileType(handle) == FILE_TYPE_DISK && ::GetFileInformationByHandle(handle, &file) &&
                           !(file.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY);
      if (is_file || ::GetFileType(handle) == FILE_TYPE_PIPE) ++count;
    }
    std::printf("%d", count);
  } else if (task == "wait") {
    ::Sleep(INFINITE);
  } else if (task == "start-another") {
    std::wstring line = L"child wait";
    STARTUPINFOW startup{};
    startup.cb = sizeof startup;
    PROCESS_INFORMATION process{};
    if (!::CreateProcessW(program, line.data(), nullptr, nullptr, FALSE, 0, nullptr, nullptr, &startup, &process))
      return 1;
    std::printf("%lu", process.dwProcessId);
  }
  return 0;
}

}  // namespace

int wmain(int argc, wchar_t** argv) {
  ::_setmode(0, _O_BINARY);
  ::_setmode(1, _O_BINARY);
  std::vector<std::string> words;
  for (int i = 1; i < argc; ++i) words.push_back(cgi::narrow(argv[i]));
  std::vector<wchar_t> path(4096);
  ::GetModuleFileNameW(nullptr, path.data(), static_cast<DWORD>(path.size()));
  return main_of(words, path.data());
}
