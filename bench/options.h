// The command line of cgi-bench; Google Benchmark has taken its own flags out of it before.
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

// "[NAME=]SERVER[:PROFILE][+VARIANT]": one that the runner knows how to start.
struct KnownServer {
  std::string name;
  std::string server;  // of conformance/servers, or a folder
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

// Either options, or a text to print and the status to exit with.
struct CommandLine {
  std::optional<Options> options;
  std::string text;
  int exit_status = 0;
};

// `usual` holds the defaults.
CommandLine parse_command_line(int argc, const char* const* argv, Options usual);

// What --help says, without Google Benchmark's part.
std::string manual();

KnownServer parse_known_server(const std::string& word);

}  // namespace cgi::bench
