// The command line of cgi-server.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace cgi {

// The rules that the server follows for scripts: those of CPython's CGIHTTPServer, or CGI/1.1.
enum class Profile { kCgiHttpServer, kRfc3875 };

// The form of the log's lines.
enum class LogFormat { kCommon, kJson, kNone };

// The limits of each script; 0: none.
struct ScriptLimits {
  std::uint64_t cpu = 0;                 // seconds
  std::uint64_t memory = 0, output = 0;  // octets
  std::uint64_t files = 0, processes = 0;
};

// The program that runs the scripts whose names end with `suffix`: ".pl", "C:\perl\bin\perl.exe".
struct Interpreter {
  std::string suffix;
  std::string program;
};

// The settings of a server. The default CGI directories are those of CPython.
// rule: seed/cgi-bin-is-default, seed/htbin-is-default
struct Options {
  int port = 8000;  // 0: any free port
  std::string bind = "127.0.0.1";
  std::string directory = ".";
  Profile profile = Profile::kCgiHttpServer;
  std::string protocol = "HTTP/1.0";  // always HTTP/1.1 in profile rfc3875
  std::vector<std::string> cgi_directories = {"/cgi-bin", "/htbin"};
  std::string user = "nobody";
  std::vector<std::string> pass_env;
  bool inherit_env = false;
  bool pass_authorization = false;
  bool follow_symlinks = false;
  bool demo = false;                       // serve the site of the program instead of `directory`
  double header_timeout = 30;              // seconds for a request head, and between requests
  double script_timeout = 300;             // seconds from the start of a script; 0: no limit
  std::uint64_t max_body = 1'073'741'824;  // octets of a body for a script
  std::size_t max_connections = 512;
  std::size_t max_connections_per_address = 0;  // 0: no limit
  std::size_t loops = 1;                        // threads for quiet connections; the command line: one per processor
  std::size_t max_scripts = 128;
  std::uint64_t max_spool = 1'073'741'824;  // octets of all bodies in temporary files
  ScriptLimits script_limits;
  bool no_new_privileges = false;
  std::vector<Interpreter> interpreters;   // on Windows; elsewhere a script names its interpreter
  std::vector<std::string> allowed_hosts;  // empty: any host
  std::string log_file;                    // empty: standard error
  LogFormat log_format = LogFormat::kCommon;
  std::string port_file;  // the program cgi-server writes its port here once it listens
};

// Returns the settings as the server needs them: CGI directories normalised, hosts in lower case. Throws
// std::invalid_argument, with the name of the option, for a value that cannot be.
Options checked(Options options);

// The result of parsing: options, or a text to print and an exit status. Status 0 is for --help and --version, which go
// to standard output; 2 is for a mistake, which is one line on standard error.
struct CommandLine {
  std::optional<Options> options;
  std::string text;
  int exit_status = 0;
};

// Parses argv. `--cgi` changes nothing: the server always runs scripts. The message for a mistake names the option,
// quotes the value and says the next step.
CommandLine parse_command_line(int argc, const char* const* argv);

}  // namespace cgi
