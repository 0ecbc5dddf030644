#include "program.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <stdexcept>

#include "passed_environment.h"
#include "quote.h"
#include "unique_fd.h"

namespace cgi {

int fail(int status, const std::string& message) {
  say(STDERR_FILENO, "cgi-server: " + message);
  return status;
}

void say(int fd, const std::string& line) {
  pollfd reader{fd, POLLOUT, 0};
  if (::poll(&reader, 1, 0) == 1) write_all(fd, line + "\n");
}

int print_text(const CommandLine& command_line) {
  std::fputs(command_line.text.c_str(), command_line.exit_status == 0 ? stdout : stderr);
  return command_line.exit_status;
}

void warn_of_names_not_set(const Options& options) {
  for (const std::string& name : names_not_set(options)) {
    say(STDERR_FILENO, "cgi-server: --pass-env " + in_quotes(name) + " is not set here, so scripts do not get it");
  }
}

void print_address(const Options& options, int port) {
  const bool v6 = options.bind.find(':') != std::string::npos;
  const std::string number = std::to_string(port), host = v6 ? "[" + options.bind + "]" : options.bind;
  say(STDOUT_FILENO,
      "Serving HTTP on " + options.bind + " port " + number + " (http://" + host + ":" + number + "/) ...");
}

DocumentRoot opened_root(const std::string& directory, bool follow_symlinks) try {
  return DocumentRoot(directory, follow_symlinks);
} catch (const std::runtime_error& error) {
  throw std::runtime_error("cannot serve directory " + in_quotes(directory) + ": " + error.what());
}

std::string cannot_write(std::string_view what, const std::string& path) {
  std::string why = std::strerror(errno);
  if (errno == ELOOP) why = "it is a link, which the server does not follow";
  if (errno == ENXIO) why = "it is a pipe that nobody reads";
  return "cannot write " + std::string(what) + " " + in_quotes(path) + ": " + why + " (name another)";
}

}  // namespace cgi
