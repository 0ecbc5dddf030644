// The command line of cgi-bench, without the flags of Google Benchmark.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace cgi::bench {

// "NAME=URL": a server that runs already.
struct RunningServer {
  std::string name;
  std::string url;
};

// "[NAME=]SERVER[:PROFILE][+CAPABILITY]": a server that cgi-conform can start.
struct KnownServer {
  std::string name;
  std::string server;  // a name in conformance/servers, or a folder
  std::string profile;
  std::string variant;
};

struct Options {
  std::vector<RunningServer> running;
  std::vector<KnownServer> known;
  std::string scenarios;
  std::string runner;
  std::string lay_out;
  double timeout = 10;
};

// The result of parsing: options, or a text to print and an exit status.
struct CommandLine {
  std::optional<Options> options;
  std::string text;
  int exit_status = 0;
};

// Parses argv. `usual` holds the defaults.
CommandLine parse_command_line(int argc, const char* const* argv, Options usual);

// Returns the text of --help without the part of Google Benchmark.
std::string manual();

KnownServer parse_known_server(const std::string& word);

}  // namespace cgi::bench
