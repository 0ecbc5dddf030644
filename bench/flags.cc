#include "flags.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <initializer_list>
#include <iterator>
#include <regex>
#include <set>
#include <system_error>

#include "ascii.h"
#include "hint.h"
#include "unique_fd.h"

namespace cgi::bench {
namespace {

namespace fs = std::filesystem;

constexpr double kYear = 31'536'000;
constexpr int kMostRepetitions = 100'000;  // Google Benchmark reserves memory for each
constexpr std::string_view kTrue[] = {"true", "1", "yes", "on"};
constexpr std::string_view kFalse[] = {"false", "0", "no", "off"};

bool is_one_of(std::string_view value, std::initializer_list<std::string_view> words) {
  return std::ranges::find(words, value) != words.end();
}

// Returns the number that all of `value` is, such as 0.5. It may be infinite.
std::optional<double> to_real(std::string_view value) {
  double number = 0;
  const char* end = value.data() + value.size();
  const auto [at, error] = std::from_chars(value.data(), end, number);
  return error == std::errc() && at == end ? std::optional(number) : std::nullopt;
}

// The checks return the problem with a value, or "".
using Check = std::string (*)(std::string_view);

std::string any(std::string_view) { return ""; }

std::string truth(std::string_view value) {
  const bool is_known = std::ranges::count(kTrue, value) + std::ranges::count(kFalse, value) > 0;
  return is_known ? "" : "is neither true nor false";
}

std::string color(std::string_view value) {
  return value == "auto" || truth(value).empty() ? "" : "is not auto, true or false";
}

std::string format(std::string_view value) {
  return is_one_of(value, {"console", "json", "csv"}) ? "" : "is not console, json or csv";
}

std::string time_unit(std::string_view value) {
  return is_one_of(value, {"ns", "us", "ms", "s"}) ? "" : "is not ns, us, ms or s";
}

std::string run_time(std::string_view value) { return to_seconds(value) ? "" : kNoSeconds; }

std::string warmup_time(std::string_view value) {
  const auto seconds = to_real(value);
  return seconds && *seconds >= 0 && *seconds <= kYear ? "" : "is not a number of seconds up to 31536000";
}

std::string repetitions(std::string_view value) {
  const auto count = to_number<int>(value);
  if (count && *count >= 1 && *count <= kMostRepetitions) return "";
  return "is not between 1 and " + std::to_string(kMostRepetitions);
}

std::string verbosity(std::string_view value) { return to_number<int>(value) ? "" : "is not a number from 0 on"; }

std::string context(std::string_view value) {
  std::set<std::string_view> keys;
  for (std::size_t at = 0; at <= value.size();) {
    const std::string_view pair = value.substr(at, value.find(',', at) - at);
    if (std::ranges::count(pair, '=') != 1 || pair.starts_with('=') || pair.ends_with('='))
      return "is not KEY=VALUE,...";
    if (!keys.insert(pair.substr(0, pair.find('='))).second) return "names a key twice";
    at += pair.size() + 1;
  }
  return "";
}

std::string expression(std::string_view value) {
  try {
    // Names that do not match are selected if '-' is the first character.
    std::regex(std::string(value.substr(value.starts_with('-') ? 1 : 0)), std::regex::extended);
  } catch (const std::regex_error&) {
    return "is not a regular expression";
  }
  return "";
}

// Opens the file as Google Benchmark will, but neither empties it nor leaves a new one. Opens no pipe and no device,
// because their reader would take the end of this attempt for the end of the output.
std::string output_file(std::string_view value) {
  const std::string path(value);
  std::error_code unused;
  const auto type = fs::status(path, unused).type();
  if (type == fs::file_type::fifo || type == fs::file_type::character || type == fs::file_type::socket) return "";
  const bool is_new = !fs::exists(fs::symlink_status(path, unused));
  const UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666));
  if (!file) return std::string("cannot be written: ") + std::strerror(errno);
  if (is_new) fs::remove(path, unused);
  return "";
}

// A flag of Google Benchmark, the check of its value, and an example.
struct Flag {
  std::string_view name;
  Check check;
  std::string_view example;
};

constexpr Flag kFlags[] = {
    {"--benchmark_color", color, "auto"},
    {"--benchmark_context", context, "machine=mine"},
    {"--benchmark_counters_tabular", truth, "true"},
    {"--benchmark_display_aggregates_only", truth, "true"},
    {"--benchmark_dry_run", truth, "true"},
    {"--benchmark_enable_random_interleaving", truth, "true"},
    {"--benchmark_filter", expression, "cgi-hello/8/"},
    {"--benchmark_format", format, "json"},
    {"--benchmark_list_tests", truth, "true"},
    {"--benchmark_min_time", run_time, "0.5"},
    {"--benchmark_min_warmup_time", warmup_time, "0.5"},
    {"--benchmark_out", output_file, "bench.json"},
    {"--benchmark_out_format", format, "json"},
    {"--benchmark_perf_counters", any, "CYCLES"},
    {"--benchmark_repetitions", repetitions, "5"},
    {"--benchmark_report_aggregates_only", truth, "true"},
    {"--benchmark_time_unit", time_unit, "ms"},
    {"--v", verbosity, "1"},
};

// Returns the flag that `word` begins with, or null.
const Flag* flag_of(std::string_view word) {
  const auto* found = std::ranges::find(kFlags, word.substr(0, word.find('=')), &Flag::name);
  return found == std::end(kFlags) ? nullptr : found;
}

}  // namespace

std::vector<std::string> flag_names() {
  std::vector<std::string> names;
  for (const Flag& flag : kFlags) names.emplace_back(flag.name);
  return names;
}

bool is_flag(std::string_view word) { return flag_of(word) != nullptr; }

std::string wrong_flag(std::string_view word) {
  const Flag& flag = *flag_of(word);
  const std::string name(flag.name);
  const std::string next = " (try: " + name + "=" + std::string(flag.example) + ")";
  if (word.size() == name.size())
    return flag.check == truth ? "" : "option " + in_quotes(name) + " needs a value" + next;
  const std::string_view value = word.substr(name.size() + 1);
  const std::string problem = flag.check(value);
  return problem.empty() ? "" : name + " " + in_quotes(value) + " " + problem + next;
}

bool switches_on(std::string_view word, std::string_view name) {
  if (!word.starts_with(name)) return false;
  const std::string_view rest = word.substr(name.size());
  return rest.empty() || (rest.front() == '=' && std::ranges::count(kTrue, rest.substr(1)) > 0);
}

std::optional<double> to_seconds(std::string_view text) {
  if (text.ends_with('s')) text.remove_suffix(1);
  const auto seconds = to_real(text);
  return seconds && *seconds > 0 && *seconds <= kYear ? seconds : std::nullopt;
}

}  // namespace cgi::bench
