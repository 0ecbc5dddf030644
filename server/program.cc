#include "program.h"

#include <poll.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <stdexcept>

#include "passed_environment.h"
#include "quote.h"
#include "unique_fd.h"

namespace cgi {

int fail(int status, const std::string& message) {
  std::fprintf(stderr, "cgi-server: %s\n", message.c_str());
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
    std::fprintf(stderr, "cgi-server: --pass-env %s is not set here, so scripts do not get it\n",
                 in_quotes(name).c_str());
  }
}

void print_address(const Options& options, int port) {
  const bool v6 = options.bind.find(':') != std::string::npos;
  std::printf("Serving HTTP on %s port %d (http://%s%s%s:%d/) ...\n", options.bind.c_str(), port, v6 ? "[" : "",
              options.bind.c_str(), v6 ? "]" : "", port);
  std::fflush(stdout);
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
