// cgi-server: files and CGI scripts below a directory, as `python3 -m http.server --cgi` served them.
//
// Starts the server and prints where it listens. Exit status: 0 after SIGINT or SIGTERM, and after SIGHUP without
// --log-file; 1 if it cannot run; 2 for a mistake on the command line.

#include <cgi_server/cgi_server.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>
#if __has_include(<malloc.h>)
#include <malloc.h>
#endif

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <system_error>
#include <tuple>

#include "at_end.h"
#include "options.h"
#include "program.h"
#include "unique_fd.h"

namespace {

// Writes another file and renames it, so that a reader never sees half a number. Follows no link that another user
// planted. Sets `written` to the status of the file.
bool write_port_file(const std::string& path, int port, struct stat& written) {
  std::string draft = path + ".XXXXXX";
  const cgi::UniqueFd file(::mkostemp(draft.data(), O_CLOEXEC));
  if (file && cgi::write_all(file.get(), std::to_string(port) + "\n") && ::fchmod(file.get(), 0644) == 0 &&
      ::fstat(file.get(), &written) == 0 && std::rename(draft.c_str(), path.c_str()) == 0) {
    return true;
  }
  const int error = errno;
  if (file) ::unlink(draft.c_str());
  errno = error;
  return false;
}

// Leaves the file of another server, or a file that another user has put in its place.
void remove_port_file(const std::string& path, const struct stat& written) {
  struct stat now = {};
  if (path.empty() || ::lstat(path.c_str(), &now) != 0) return;
  const auto identity = [](const struct stat& status) {  // a new file may get the inode of a removed one
    return std::tuple(status.st_dev, status.st_ino, status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
  };
  if (identity(now) == identity(written)) ::unlink(path.c_str());
}

}  // namespace

int main(int argc, char** argv) try {
#ifdef __GLIBC__
  // Otherwise glibc raises these limits with the blocks that are freed, and keeps much of the memory of a peak.
  for (const int limit : {M_MMAP_THRESHOLD, M_TRIM_THRESHOLD}) ::mallopt(limit, 1024 * 1024);
#endif
  cgi::open_standard_descriptors();
  const cgi::CommandLine command_line = cgi::parse_command_line(argc, argv);
  if (!command_line.options) return cgi::print_text(command_line);
  const cgi::Options& options = *command_line.options;
  cgi::warn_of_names_not_set(options);

  // From before it listens, so that a signal that comes early ends the server in the same way.
  sigset_t ending;
  ::sigemptyset(&ending);
  for (int number : {SIGINT, SIGTERM, SIGHUP}) ::sigaddset(&ending, number);
  ::pthread_sigmask(SIG_BLOCK, &ending, nullptr);

  cgi::Server server(options);
  const int port = server.listen();
  if (::geteuid() != 0) {
    cgi::say(STDERR_FILENO, "cgi-server: not started by root, so scripts run as the user who started it (uid " +
                                std::to_string(::geteuid()) + ")");
  }
  struct stat port_file = {};
  if (!options.port_file.empty() && !write_port_file(options.port_file, port, port_file)) {
    return cgi::fail(1, cgi::cannot_write("port file", options.port_file));
  }
  cgi::print_address(options, port);

  bool ended;
  {
    const cgi::AtEnd at_end([&] { remove_port_file(options.port_file, port_file); });
    ended = server.serve_until_signal([](int number) {
      if (number == SIGINT) cgi::say(STDOUT_FILENO, "\nKeyboard interrupt received, exiting.");
    });
  }
  if (!ended) std::_Exit(0);  // a script cannot be ended: its thread still uses the server
  return 0;
} catch (const std::invalid_argument& error) {
  return cgi::fail(2, error.what());
} catch (const std::system_error& error) {
  return cgi::fail(1, std::string("out of resources: ") + error.what());
} catch (const std::exception& error) {
  return cgi::fail(1, error.what());
}
