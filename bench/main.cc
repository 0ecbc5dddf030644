// cgi-bench: measures which server is faster, in which scenario, by how much, and how far from the limit.
//
// Reads the scenarios, writes the document root, starts the servers, and checks their answers. Google Benchmark does
// the rest: repetitions, interleaving, filters, statistics, output.

#include <benchmark/benchmark.h>
#include <signal.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <deque>
#include <filesystem>
#include <fstream>
#include <memory>
#include <regex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "../server/unique_fd.h"
#include "accounting.h"
#include "crowd.h"
#include "docroot.h"
#include "families.h"
#include "hint.h"
#include "options.h"
#include "preflight.h"
#include "summary.h"

namespace cgi::bench {
namespace {

namespace fs = std::filesystem;

constexpr char kCeiling[] = "ceiling";

// Google Benchmark gets these flags before those of the user, which replace them.
constexpr const char* kUsualFlags[] = {"--benchmark_enable_random_interleaving=true", "--benchmark_repetitions=5",
                                       "--benchmark_report_aggregates_only=false"};

// Selects as Google Benchmark does: names that match a regular expression, or do not match it if it begins with '-'.
class Filter {
 public:
  explicit Filter(std::string text) {
    if (text.empty() || text == "all") text = ".";
    is_negative_ = text.front() == '-';
    expression_ = std::regex(text.substr(is_negative_ ? 1 : 0), std::regex::extended);
  }
  bool selects(const std::string& name) const {
    return std::regex_search(name + kNameEnd, expression_) != is_negative_;
  }

 private:
  bool is_negative_ = false;
  std::regex expression_;
};

// Removes the document root when cgi-bench is interrupted, or when nobody reads its output. The servers end when their
// pipes close.
void remove_when_interrupted(TemporaryDocroot& docroot) {
  struct sigaction unread = {};
  unread.sa_handler = [](int) { ::kill(::getpid(), SIGTERM); };
  ::sigaction(SIGPIPE, &unread, nullptr);
  sigset_t ending;
  ::sigemptyset(&ending);
  for (int number : {SIGINT, SIGTERM, SIGHUP}) ::sigaddset(&ending, number);
  ::pthread_sigmask(SIG_BLOCK, &ending, nullptr);
  std::thread([&docroot, ending] {
    int number = 0;
    ::sigwait(&ending, &number);
    docroot.remove();
    ::_exit(128 + number);
  }).detach();
}

std::string processor() {
  std::ifstream in("/proc/cpuinfo");
  for (std::string line; std::getline(in, line);) {
    if (line.rfind("model name", 0) == 0) return line.substr(line.find(':') + 2);
  }
  return "unknown";
}

void describe_machine() {
  utsname name{};
  ::uname(&name);
  benchmark::AddCustomContext("kernel", std::string(name.sysname) + " " + name.release + " " + name.machine);
  benchmark::AddCustomContext("processor", processor());
  benchmark::AddCustomContext("user", ::geteuid() == 0 ? "root" : "an ordinary user");
  benchmark::AddCustomContext("client", "cgi-bench " CGI_VERSION ", one thread, epoll");
}

// Says how many processes and threads a server has before its first request.
void describe_rest(const Target& target) {
  if (target.pid == 0) return;
  const Footprint rest = footprint_of(target.pid);
  benchmark::AddCustomContext("cpu " + target.name, target.group ? "control group" : "/proc");
  benchmark::AddCustomContext("rest " + target.name, "processes " + std::to_string(rest.processes) + ", threads " +
                                                         std::to_string(rest.threads));
}

// Returns at least one: none would mean no limit.
Nanoseconds nanoseconds(double seconds) {
  return std::max(Nanoseconds(1), std::chrono::duration_cast<Nanoseconds>(std::chrono::duration<double>(seconds)));
}

int fail(const std::string& what, int status) {
  std::fprintf(stderr, "cgi-bench: %s\n", what.c_str());
  return status;
}

class Bench {
 public:
  explicit Bench(const Options& options)
      : options_(options),
        times_{nanoseconds(options.run_seconds), nanoseconds(options.timeout)},
        scenarios_(read_scenarios(options.scenarios)),
        points_(load_points(scenarios_)) {}

  const Scenarios& scenarios() const { return scenarios_; }

  // Registers names only. A list starts no server.
  void list() const {
    for (const auto& point : points_) {
      for (const auto& name : names()) register_name(point, name);
      if (point.has_ceiling()) register_name(point, kCeiling);
    }
  }

  // Without `display`, --benchmark_format decides.
  int run(const fs::path& scripts, benchmark::BenchmarkReporter* display) {
    const Filter filter(benchmark::GetBenchmarkFilter());
    select(filter);
    if (selected_.empty()) {
      return fail("no benchmark matches " + in_quotes(benchmark::GetBenchmarkFilter()) + scenario_hint(), 2);
    }
    docroot_ = std::make_unique<TemporaryDocroot>(scripts, scenarios_, paths());
    remove_when_interrupted(*docroot_);
    allow_crowds();
    for (const auto& server : options_.running) targets_.push_back(reach(server));
    for (const auto& server : options_.known) {
      started_.emplace_back(Start{server, options_.runner, docroot_->path()});
      targets_.push_back(started_.back().target());
    }
    for (auto& target : targets_) examine(target);
    for (const auto& point : points_) register_point(point, filter);
    describe_machine();
    std::string order;
    for (const auto& name : names()) order += (order.empty() ? "" : " ") + name;
    benchmark::AddCustomContext("targets", order);
    benchmark::RunSpecifiedBenchmarks(display);
    return conclude();
  }

 private:
  std::vector<std::string> names() const {
    std::vector<std::string> all;
    for (const auto& server : options_.running) all.push_back(server.name);
    for (const auto& server : options_.known) all.push_back(server.name);
    return all;
  }

  void select(const Filter& filter) {
    for (const auto& point : points_) {
      bool wanted = point.has_ceiling() && filter.selects(point.name() + "/" + kCeiling);
      for (const auto& name : names()) wanted = wanted || filter.selects(point.name() + "/" + name);
      if (wanted && (selected_.empty() || selected_.back() != point.scenario)) selected_.push_back(point.scenario);
    }
  }

  // Returns a hint with the scenario that is most like the first part of the filter.
  std::string scenario_hint() const {
    std::string word = benchmark::GetBenchmarkFilter();
    word.erase(0, word.find_first_not_of("-^("));
    word = word.substr(0, word.find_first_of("/|)$"));
    std::vector<std::string> known;
    for (const auto& scenario : scenarios_.scenarios) known.push_back(scenario.name);
    return hint(word, known, " (--benchmark_list_tests shows their names)");
  }

  // Returns the paths that the selected scenarios and the checks request.
  std::set<std::string> paths() const {
    std::set<std::string> all;
    for (const auto& check : scenarios_.checks) all.insert(check.path);
    for (const Scenario* scenario : selected_) {
      for (const Exchange* exchange : scenarios_.round(*scenario)) all.insert(exchange->path);
    }
    return all;
  }

  // Servers inherit the limit of open files. register_target() says if the machine does not allow enough.
  void allow_crowds() const {
    for (const auto& point : points_) {
      if (std::count(selected_.begin(), selected_.end(), point.scenario) > 0) allow_open_files(point.open_files());
    }
  }

  void examine(Target& target) {
    describe_rest(target);
    preflight(target, scenarios_, selected_, times_.answer);
    benchmark::AddCustomContext("target " + target.name, target.about);
    if (target.invalid.empty()) return;
    benchmark::AddCustomContext("INVALID " + target.name, target.invalid);
    std::fprintf(stderr, "cgi-bench: %s is INVALID: %s\n", target.name.c_str(), target.invalid.c_str());
  }

  void register_point(const LoadPoint& point, const Filter& filter) {
    for (const auto& target : targets_) {
      if (filter.selects(point.name() + "/" + target.name)) {
        register_target(point, scenarios_, target, times_, tally_);
      }
    }
    if (!point.has_ceiling() || !filter.selects(point.name() + "/" + kCeiling)) return;
    if (has_valid_target()) {
      register_ceiling(point, docroot_->path(), times_, tally_);
    } else {
      register_skip(point, kCeiling, "no target is valid");
    }
  }

  // Without a valid target, the ceiling is not measured: a report would compare it with nothing.
  bool has_valid_target() const {
    return std::ranges::any_of(targets_, [](const Target& target) { return target.invalid.empty(); });
  }

  int conclude() const {
    int status = 0;
    for (const auto& target : targets_) status = target.invalid.empty() ? status : 1;
    if (tally_.wrong + tally_.failed == 0) return status;
    std::fprintf(stderr, "cgi-bench: %llu answers were wrong, %llu requests failed\n",
                 static_cast<unsigned long long>(tally_.wrong), static_cast<unsigned long long>(tally_.failed));
    return 1;
  }

  const Options& options_;
  Times times_;
  Scenarios scenarios_;
  std::vector<LoadPoint> points_;
  std::vector<const Scenario*> selected_;
  std::unique_ptr<TemporaryDocroot> docroot_;
  std::deque<StartedServer> started_;
  std::deque<Target> targets_;  // benchmarks refer to them
  Tally tally_;
};

// Returns the problem with the flags of the user; empty if there is none.
std::string initialize_benchmark(char* program, const std::vector<std::string>& flags) {
  std::vector<char*> words = {program};
  for (const char* flag : kUsualFlags) words.push_back(const_cast<char*>(flag));
  for (const std::string& flag : flags) words.push_back(const_cast<char*>(flag.c_str()));
  int count = static_cast<int>(words.size());
  words.push_back(nullptr);
  benchmark::Initialize(&count, words.data());
  return count == 1 ? "" : "this release of Google Benchmark has no " + in_quotes(words[1]) + " (see --help)";
}

int run(int argc, char** argv) {
  const fs::path here = fs::read_symlink("/proc/self/exe").parent_path();
  Options usual;
  usual.scenarios = (here / "scenarios.toml").string();
  const fs::path runner = here.parent_path() / "bin" / "cgi-conform";
  usual.runner = fs::exists(runner) ? runner.string() : "cgi-conform";
  const CommandLine line = parse_command_line(argc, argv, usual);
  if (!line.options) {
    std::fputs(line.text.c_str(), line.exit_status == 0 ? stdout : stderr);
    if (line.wants_help) benchmark::PrintDefaultHelp();
    return line.exit_status;
  }
  const Options& options = *line.options;
  if (const std::string wrong = initialize_benchmark(argv[0], options.flags); !wrong.empty()) return fail(wrong, 2);
  Bench bench(options);
  const fs::path scripts = here / "scripts";
  if (!options.lay_out.empty()) {
    if (const std::string wrong = wrong_place(options.lay_out); !wrong.empty()) {
      return fail("--lay-out " + in_quotes(options.lay_out) + " " + wrong + " (name a new directory)", 2);
    }
    lay_out(options.lay_out, scripts, bench.scenarios());
    std::printf("document root: %s\n", fs::canonical(options.lay_out).c_str());
    return 0;
  }
  if (options.lists) {
    bench.list();
    benchmark::RunSpecifiedBenchmarks();
    return 0;
  }
  if (options.running.empty() && options.known.empty())
    return fail("no targets: NAME=URL or --servers (see --help)", 2);
  Summary summary;
  return bench.run(scripts, options.has_format ? nullptr : &summary);
}

}  // namespace
}  // namespace cgi::bench

int main(int argc, char** argv) {
  cgi::open_standard_descriptors();
  try {
    return cgi::bench::run(argc, argv);
  } catch (const cgi::bench::TargetError& error) {
    return error.is_told ? error.exit_status : cgi::bench::fail(error.what(), error.exit_status);
  } catch (const cgi::bench::ScenarioError& error) {
    return cgi::bench::fail(error.what(), 2);
  } catch (const std::regex_error&) {
    return cgi::bench::fail("BENCHMARK_FILTER in the environment is not a regular expression (unset it)", 2);
  } catch (const std::filesystem::filesystem_error& error) {
    return cgi::bench::fail("cannot write the document root: " + cgi::in_quotes(error.path1().string()) + ": " +
                                error.code().message() + " (choose another folder: --lay-out or TMPDIR)",
                            2);
  } catch (const std::exception& error) {
    return cgi::bench::fail(error.what(), 3);
  }
}
