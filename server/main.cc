// cgi-server: files and CGI scripts below a directory, as `python3 -m http.server --cgi` served them.
//
// Starts the server and prints where it listens. Exit status: 0 after SIGINT or SIGTERM, and after SIGHUP without
// --log-file; 1 if it cannot run; 2 for a mistake on the command line.

#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>

#include "bind_failure.h"
#include "cgi_server.h"
#include "demo.h"
#include "document_root.h"
#include "options.h"
#include "script.h"
#include "server_identity.h"
#include "unique_fd.h"

namespace {

int fail(int status, const std::string& message) {
  std::fprintf(stderr, "cgi-server: %s\n", message.c_str());
  return status;
}

void cannot_write_log(const std::string& path) {
  fail(1, "cannot write log file \"" + path + "\": " + std::strerror(errno) + " (name another)");
}

// Without this, the pipe of a script could become descriptor 0, 1 or 2 if the server is started without them.
void open_standard_descriptors() {
  int fd = ::open("/dev/null", O_RDWR);
  while (fd >= 0 && fd <= 2) fd = ::open("/dev/null", O_RDWR);
  if (fd > 2) ::close(fd);
}

// Writes another file and renames it, so that a reader never sees half a number. Follows no link that another user
// planted.
bool write_port_file(const std::string& path, int port) {
  std::string draft = path + ".XXXXXX";
  const cgi::UniqueFd file(::mkostemp(draft.data(), O_CLOEXEC));
  if (file && cgi::write_all(file.get(), std::to_string(port) + "\n") && ::fchmod(file.get(), 0644) == 0 &&
      std::rename(draft.c_str(), path.c_str()) == 0) {
    return true;
  }
  const int error = errno;
  if (file) ::unlink(draft.c_str());
  errno = error;
  return false;
}

}  // namespace

int main(int argc, char** argv) {
  open_standard_descriptors();
  const cgi::CommandLine command_line = cgi::parse_command_line(argc, argv);
  if (!command_line.options) {
    std::fputs(command_line.text.c_str(), command_line.exit_status == 0 ? stdout : stderr);
    return command_line.exit_status;
  }
  const cgi::Options& options = *command_line.options;

  for (const std::string& name : cgi::names_not_set(options)) {
    std::fprintf(stderr, "cgi-server: --pass-env \"%s\" is not set here, so scripts do not get it\n",
                 cgi::log_escape(name).c_str());
  }

  std::optional<cgi::Account> account;
  if (::geteuid() == 0) {
    const passwd* entry = ::getpwnam(options.user.c_str());
    if (entry == nullptr)
      return fail(2, "user \"" + options.user + "\" does not exist (name one that does: --user NAME)");
    if (entry->pw_uid == 0)
      return fail(2, "user \"" + options.user + "\" is root: scripts must not run as root (try: --user nobody)");
    account = cgi::Account{entry->pw_uid, entry->pw_gid, options.user};
  } else {
    std::fprintf(stderr, "cgi-server: not started by root, so scripts run as the user who started it (uid %d)\n",
                 static_cast<int>(::geteuid()));
  }

  // Every thread blocks these signals. One thread waits for them.
  sigset_t ending;
  ::sigemptyset(&ending);
  for (int number : {SIGINT, SIGTERM, SIGHUP}) ::sigaddset(&ending, number);
  ::pthread_sigmask(SIG_BLOCK, &ending, nullptr);
  ::signal(SIGXFSZ, SIG_IGN);  // a file at its limit is an error of one request
  ::signal(SIGPIPE, SIG_IGN);  // from scripts that read no input, and from sendfile()
  ::signal(SIGCHLD, SIG_DFL);  // a parent may ignore it, and the system would then reap scripts

  std::optional<cgi::Demo> demo;
  std::optional<cgi::DocumentRoot> root;
  try {
    if (options.demo) demo.emplace(account);
    root.emplace(demo ? demo->document_root() : options.directory, options.follow_symlinks);
  } catch (const std::runtime_error& error) {
    return fail(1, (options.demo ? "" : "cannot serve directory \"" + options.directory + "\": ") + error.what());
  }

  cgi::CgiServer server(options, *root, account);
  const int port = server.bind();
  // rule: resource/taken-port-ends-the-start
  if (port < 0) return fail(1, cgi::bind_failure(options.bind, options.port, errno));
  if (!options.log_file.empty() && !server.open_log()) {
    cannot_write_log(options.log_file);
    return 1;
  }
  if (!options.port_file.empty() && !write_port_file(options.port_file, port)) {
    return fail(1, "cannot write port file \"" + options.port_file + "\": " + std::strerror(errno));
  }
  const bool v6 = options.bind.find(':') != std::string::npos;
  std::printf("Serving HTTP on %s port %d (http://%s%s%s:%d/) ...\n", options.bind.c_str(), port, v6 ? "[" : "",
              options.bind.c_str(), v6 ? "]" : "", port);
  std::fflush(stdout);

  std::thread stopper([&server, &options, ending] {
    int number = 0;
    while (::sigwait(&ending, &number) == 0 && number == SIGHUP && !options.log_file.empty()) {
      if (!server.open_log()) cannot_write_log(options.log_file);
    }
    if (number == SIGINT) {
      std::puts("\nKeyboard interrupt received, exiting.");
      std::fflush(stdout);
    }
    server.stop_serving();
  });
  const bool ended = server.serve_until_stopped();
  if (!options.port_file.empty()) ::unlink(options.port_file.c_str());
  if (!ended) {  // a script cannot be ended: its thread still uses the server
    demo.reset();
    std::_Exit(0);
  }
  stopper.join();
  return 0;
}
