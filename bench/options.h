// The command line of cgi-bench. It also holds flags of Google Benchmark (flags.h).
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
  double run_seconds = 0.5;        // --benchmark_min_time
  bool lists = false;              // --benchmark_list_tests
  bool has_format = false;         // --benchmark_format is among the flags
  std::vector<std::string> flags;  // for Google Benchmark
};

// The result of parsing: options, or a text to print and an exit status.
struct CommandLine {
  std::optional<Options> options;
  std::string text;
  int exit_status = 0;
  bool wants_help = false;  // the text is that of cgi-bench, and Google Benchmark's help follows
};

// Parses argv. `usual` holds the defaults.
CommandLine parse_command_line(int argc, const char* const* argv, Options usual);

KnownServer parse_known_server(const std::string& word);

}  // namespace cgi::bench
