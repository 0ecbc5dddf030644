// main() and the class Server use these functions to start and to report mistakes, on POSIX systems and on Windows.
#pragma once

#include <string>
#include <string_view>

#include "document_root.h"
#include "options.h"

namespace cgi {

// Prints `message` as an error. Returns `status`.
int fail(int status, const std::string& message);

// Writes `line`. Drops it if nobody takes it at once: no start and no stop waits for the reader of a message.
// rule: resource/stop-ends-the-server
void say(int fd, const std::string& line);

// Prints the help or the mistake of a command line without options. Returns the exit status.
int print_text(const CommandLine& command_line);

// Prints a warning for each name of --pass-env that is not set.
void warn_of_names_not_set(const Options& options);

// Prints where the server listens.
void print_address(const Options& options, int port);

// Opens the document root. Throws std::runtime_error with the whole message if that fails.
DocumentRoot opened_root(const std::string& directory, bool follow_symlinks);

// Returns the message for a file that cannot be written, with the reason in errno. `what` is "log file", for example.
std::string cannot_write(std::string_view what, const std::string& path);

}  // namespace cgi
