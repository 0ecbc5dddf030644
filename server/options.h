// The command line of cgi-server.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "access_log.h"

namespace cgi {

// What a server of CGI scripts promises: the contract of CPython's CGIHTTPServer, or CGI/1.1.
enum class Profile { kCgiHttpServer, kRfc3875 };

// The settings of a server. The CGI directories are CPython's by default.
// rule: seed/cgi-bin-is-default, seed/htbin-is-default
struct Options {
  int port = 8000;  // 0: a free one
  std::string bind = "127.0.0.1";
  std::string directory = ".";
  Profile profile = Profile::kCgiHttpServer;
  std::string protocol = "HTTP/1.0";                                  // -p; HTTP/1.1, always, in profile rfc3875
  std::vector<std::string> cgi_directories = {"/cgi-bin", "/htbin"};  // "/…", normalised, no trailing slash
  std::string user = "nobody";
  std::vector<std::string> pass_env;
  bool inherit_env = false;
  bool pass_authorization = false;
  bool follow_symlinks = false;
  double header_timeout = 30;              // seconds for a request head, and between requests
  double script_timeout = 300;             // seconds from the start of a script; 0: none
  std::uint64_t max_body = 1'073'741'824;  // octets for a script
  std::size_t max_connections = 512;
  std::size_t max_scripts = 128;
  LogFormat log_format = LogFormat::kCommon;
  std::string port_file;  // the bound port is written here once the server listens
};

// What parsing came to: options to run with, or a text to print and the status to exit with (0 for --help and
// --version, which go to standard output; 2 for a mistake, one line on standard error).
struct CommandLine {
  std::optional<Options> options;
  std::string text;
  int exit_status = 0;
};

// Parses argv. `--cgi` is accepted and changes nothing: scripts always run. Mistakes are answered in one line
// that names the option, quotes the value and says the next step.
CommandLine parse_command_line(int argc, const char* const* argv);

}  // namespace cgi
