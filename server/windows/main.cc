// cgi-server on Windows: as server/main.cc and server/server.cc. There are no users to change to, and no signals.
//
// Exit status: 0 after Ctrl+C, or if the console is closed; 1 if it cannot run; 2 for a mistake on the command line.

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "at_end.h"
#include "cgi_server.h"
#include "descriptors.h"
#include "options.h"
#include "program.h"
#include "quote.h"
#include "script_program.h"
#include "wide.h"

namespace {

const HANDLE stop_event = ::CreateEventW(nullptr, TRUE, FALSE, nullptr);

// Windows calls this in a thread of its own, and ends the process soon after it has returned for a closed console.
BOOL WINAPI on_console_event(DWORD event) {
  if (event == CTRL_C_EVENT) std::puts("\nKeyboard interrupt received, exiting.");
  std::fflush(stdout);
  ::SetEvent(stop_event);
  if (event == CTRL_CLOSE_EVENT || event == CTRL_SHUTDOWN_EVENT) ::Sleep(4000);
  return TRUE;
}

// The C library of Windows turns "\n" into "\r\n" and ends input at ^Z. Windows has no /tmp.
void set_up_library() {
  for (const int fd : {0, 1, 2}) ::_setmode(fd, _O_BINARY);
  wchar_t folder[MAX_PATH + 1] = {};
  if (std::getenv("TMPDIR") == nullptr && ::GetTempPathW(MAX_PATH + 1, folder) > 0) {
    ::_putenv_s("TMPDIR", cgi::narrow(folder).c_str());
  }
}

// Writes another file and renames it, so that a reader never sees half a number.
bool write_port_file(const std::string& path, int port) {
  const std::wstring name = cgi::wide(path).value_or(L""), draft = name + L".new";
  cgi::UniqueFd file(::open((path + ".new").c_str(), _O_WRONLY | _O_CREAT | _O_TRUNC, 0));
  if (!file || !cgi::write_all(file.get(), std::to_string(port) + "\n")) return false;
  file.reset();
  return ::MoveFileExW(draft.c_str(), name.c_str(), MOVEFILE_REPLACE_EXISTING) != 0;
}

// Returns the message for the first option that Windows cannot follow; "" if there is none.
std::string not_on_windows(const cgi::Options& options) {
  if (options.demo) return "--demo: its scripts are for POSIX (leave it out)";
  if (options.no_new_privileges) return "--no-new-privileges: Windows has no such rights (leave it out)";
  if (options.user != cgi::Options().user) return "--user: scripts have the rights of the server (leave it out)";
  if (options.script_limits.files > 0) return "--script-limit files: Windows has no such limit (leave it out)";
  // A CGI directory behind a link out of the root would have no name that requests could be compared with.
  if (options.follow_symlinks) return "--follow-symlinks: not on Windows yet (leave it out)";
  for (const cgi::Interpreter& interpreter : options.interpreters) {  // rule: argument/windows-batch-files
    for (const std::string& program : {interpreter.suffix, interpreter.program}) {
      if (!cgi::reads_commands(program)) continue;
      return "--interpreter " + cgi::in_quotes(program) + " would read the request as commands (name another program)";
    }
  }
  return "";
}

int serve(const cgi::Options& options) try {
  const cgi::DocumentRoot root = cgi::opened_root(options.directory, options.follow_symlinks);
  cgi::CgiServer server(options, root, std::nullopt);
  const int port = server.bind();
  if (port < 0) return cgi::fail(1, cgi::bind_failure(options.bind, options.port, cgi::errno_of(::WSAGetLastError())));
  if (!options.log_file.empty() && !server.open_log())
    return cgi::fail(1, cgi::cannot_write("log file", options.log_file));
  if (!options.port_file.empty() && !write_port_file(options.port_file, port)) {
    return cgi::fail(1, "cannot write port file " + cgi::in_quotes(options.port_file) + " (name another)");
  }
  cgi::print_address(options, port);
  std::thread stopper([&server] {
    ::WaitForSingleObject(stop_event, INFINITE);
    server.stop_serving();
  });
  bool ended;
  {
    const cgi::AtEnd at_end([&] {
      ::SetEvent(stop_event);
      stopper.join();
      if (!options.port_file.empty()) ::unlink(options.port_file.c_str());
    });
    ended = server.serve_until_stopped();
  }
  if (!ended) std::_Exit(0);  // a script cannot be ended: its thread still uses the server
  return 0;
} catch (const std::exception& error) {
  return cgi::fail(1, error.what());
}

}  // namespace

int wmain(int argc, wchar_t** argv) {
  set_up_library();
  std::vector<std::string> words;
  std::vector<const char*> pointers;
  for (int i = 0; i < argc; ++i) words.push_back(cgi::narrow(argv[i]));
  for (const std::string& word : words) pointers.push_back(word.c_str());
  const cgi::CommandLine command_line = cgi::parse_command_line(argc, pointers.data());
  if (!command_line.options) return cgi::print_text(command_line);
  const cgi::Options& options = *command_line.options;
  if (const std::string mistake = not_on_windows(options); !mistake.empty()) return cgi::fail(2, mistake);
  cgi::warn_of_names_not_set(options);
  ::SetConsoleCtrlHandler(on_console_event, TRUE);
  return serve(options);
}
