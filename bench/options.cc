#include "options.h"

#include <CLI/CLI.hpp>
#include <set>

#include "flags.h"
#include "hint.h"
#include "quote.h"

namespace cgi::bench {
namespace {

// ci/help_pages reads this text: it writes the man page and the completions from it.
constexpr char kUsage[] =
    "usage: cgi-bench NAME=URL... [OPTION...] [--benchmark_...]\n"
    "       cgi-bench --servers SERVER,... [OPTION...] [--benchmark_...]\n"
    "\n"
    "Measures which server is faster, in which scenario, by how much, and how far from the limit.\n"
    "\n"
    "positional arguments:\n"
    "  NAME=URL              a server that runs already, on a document root made by --lay-out\n"
    "\n"
    "options:\n"
    "  --servers LIST        start these servers: [NAME=]SERVER[:PROFILE][+CAPABILITY]. SERVER is a name of\n"
    "                        'cgi-conform servers', or a folder with a server.toml.\n"
    "  --scenarios FILE      the requests to send (default: fixtures/scenarios.toml)\n"
    "  --lay-out DIR         only write the document root to a new or empty directory\n"
    "  --timeout SECONDS     an answer that takes longer is a failure (default: 10)\n"
    "  --runner FILE         the cgi-conform that starts the servers (default: build/bin/cgi-conform)\n"
    "  --version             print the version\n"
    "  -h, --help            print this help\n"
    "\n"
    "Each scenario, load and target is one benchmark: SCENARIO/CLIENTS/TARGET, or SCENARIO/at-RATE/TARGET for the "
    "open\n"
    "loop. Each has five runs of half a second (--benchmark_min_time), which are interleaved at random. Target "
    "\"ceiling\"\n"
    "runs the scripts without a server.\n"
    "\n"
    "exit status: 0 all answers were right; 1 a target is INVALID, or requests failed; 2 wrong usage; 3 a server did\n"
    "not start\n"
    "\n"
    "examples:\n"
    "  cgi-bench --servers cgi-server:rfc3875,lighttpd --benchmark_filter=cgi-hello/8/ --benchmark_out=bench.json\n"
    "  cgi-bench-report bench.json\n"
    "\n"
    "Google Benchmark's flags:\n";

// The name becomes a part of benchmark names and of gates.
bool is_name(const std::string& text) {
  return !text.empty() && text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") ==
                              std::string::npos;
}

// Returns the options of cgi-bench and the flags of Google Benchmark.
std::vector<std::string> known_options(const CLI::App& app) {
  std::vector<std::string> names = flag_names();
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

CommandLine mistake(const std::string& text) { return {std::nullopt, "cgi-bench: " + text + "\n", 2}; }

// Returns the problem with the names of the targets; empty if there is none.
std::string wrong_names(const Options& options) {
  std::set<std::string> names = {"ceiling"};
  const auto check = [&names](const std::string& name) -> std::string {
    if (!is_name(name)) return in_quotes(name) + " is not a valid target name (letters, digits, '.', '_' and '-')";
    if (names.insert(name).second) return "";
    return "two targets have the name " + in_quotes(name) + " (choose another: NAME=…)";
  };
  for (const auto& server : options.running) {
    if (auto wrong = check(server.name); !wrong.empty()) return wrong;
  }
  for (const auto& server : options.known) {
    if (auto wrong = check(server.name); !wrong.empty()) return wrong;
  }
  return "";
}

// The functions below take a part of the command line. They return the problem with it; empty if there is none.

std::string take_flags(int argc, const char* const* argv, Options& options) {
  constexpr std::string_view kMinTime = "--benchmark_min_time=";
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (!is_flag(word)) continue;
    if (const std::string wrong = wrong_flag(word); !wrong.empty()) return wrong;
    if (word.starts_with(kMinTime)) {  // cgi-bench times its runs itself
      options.run_seconds = *to_seconds(word.substr(kMinTime.size()));
      continue;
    }
    options.lists = options.lists || switches_on(word, "--benchmark_list_tests");
    options.has_format = options.has_format || word.starts_with("--benchmark_format");
    options.flags.emplace_back(word);
  }
  return "";
}

std::string take_targets(const std::vector<std::string>& targets, Options& options) {
  for (const auto& target : targets) {
    const auto equals = target.find('=');
    if (equals == std::string::npos || equals == 0) {
      return in_quotes(target) + " is not NAME=URL (known servers: --servers)";
    }
    options.running.push_back({target.substr(0, equals), target.substr(equals + 1)});
  }
  return "";
}

std::string take_servers(const std::vector<std::string>& servers, Options& options) {
  for (const auto& server : servers) {
    options.known.push_back(parse_known_server(server));
    if (options.known.back().server.empty()) {
      return "--servers " + in_quotes(server) + " names no server (try: --servers cgi-server)";
    }
  }
  return "";
}

std::string take_timeout(const std::string& timeout, Options& options) {
  if (timeout.empty()) return "";
  const auto seconds = to_seconds(timeout);
  if (!seconds) return "--timeout " + in_quotes(timeout) + " " + kNoSeconds + " (try: --timeout 10)";
  options.timeout = *seconds;
  return "";
}

}  // namespace

KnownServer parse_known_server(const std::string& word) {
  KnownServer known;
  std::string rest = word;
  if (const auto equals = rest.find('='); equals != std::string::npos) {
    known.name = rest.substr(0, equals);
    rest.erase(0, equals + 1);
  }
  if (const auto plus = rest.rfind('+'); plus != std::string::npos) {
    known.variant = rest.substr(plus + 1);
    rest.erase(plus);
  }
  if (const auto colon = rest.rfind(':'); colon != std::string::npos) {
    known.profile = rest.substr(colon + 1);
    rest.erase(colon);
  }
  known.server = rest;
  while (rest.size() > 1 && rest.back() == '/') rest.pop_back();
  if (known.name.empty()) known.name = rest.substr(rest.rfind('/') + 1);
  return known;
}

CommandLine parse_command_line(int argc, const char* const* argv, Options usual) {
  Options options = std::move(usual);
  std::vector<std::string> words;
  for (int i = argc - 1; i > 0; --i) {  // CLI11 expects the words in reverse
    if (!is_flag(argv[i])) words.emplace_back(argv[i]);
  }
  std::vector<std::string> targets;
  std::vector<std::string> servers;
  std::string timeout;
  CLI::App app;
  app.set_help_flag("-h,--help");
  app.set_version_flag("--version", "cgi-bench " CGI_VERSION);
  app.add_option("targets", targets);
  app.add_option("--servers", servers)->delimiter(',')->take_all()->allow_extra_args(false);
  const CLI::Option* const texts[] = {app.add_option("--scenarios", options.scenarios)->take_last(),
                                      app.add_option("--lay-out", options.lay_out)->take_last(),
                                      app.add_option("--timeout", timeout)->take_last(),
                                      app.add_option("--runner", options.runner)->take_last()};
  app.allow_extras();
  try {
    app.parse(words);
  } catch (const CLI::CallForHelp&) {
    return {std::nullopt, kUsage, 0, true};
  } catch (const CLI::CallForVersion& version) {
    return {std::nullopt, std::string(version.what()) + "\n"};
  } catch (const CLI::ArgumentMismatch& missing) {
    const std::string text = missing.what();
    return mistake("option " + in_quotes(text.substr(0, text.find(':'))) + " needs a value (see --help)");
  } catch (const CLI::ParseError& error) {
    return mistake(log_escape(error.what()) + " (see --help)");
  }
  if (const auto extras = app.remaining(); !extras.empty()) {
    const std::string name = extras.front().substr(0, extras.front().find('='));
    return mistake("unknown option " + in_quotes(name) + hint(name, known_options(app), " (see --help)"));
  }
  for (const CLI::Option* option : texts) {
    if (option->count() > 0 && option->results().back().empty()) {
      return mistake("option " + in_quotes(option->get_name()) + " needs a value (see --help)");
    }
  }
  for (const std::string& wrong :
       {take_flags(argc, argv, options), take_targets(targets, options), take_servers(servers, options),
        take_timeout(timeout, options), wrong_names(options)}) {
    if (!wrong.empty()) return mistake(wrong);
  }
  return {options, "", 0};
}

}  // namespace cgi::bench
