#include "summary.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <numeric>
#include <ostream>
#include <vector>

namespace cgi::bench {
namespace {

using Run = benchmark::BenchmarkReporter::Run;

// Returns why a run failed, or "". Google Benchmark 1.8 renamed both members. This compiles with either.
template <typename AnyRun>
std::string problem_of(const AnyRun& run) {
  if constexpr (requires { run.skip_message; }) {
    return run.skipped ? run.skip_message : "";
  } else {
    return run.error_occurred ? run.error_message : "";
  }
}

double counter(const Run& run, const char* name) {
  const auto found = run.counters.find(name);
  return found == run.counters.end() ? std::numeric_limits<double>::quiet_NaN() : found->second.value;
}

std::vector<double> sorted(const std::vector<const Run*>& runs, const char* name) {
  std::vector<double> values;
  for (const Run* run : runs) values.push_back(counter(*run, name));
  if (std::ranges::any_of(values, [](double value) { return std::isnan(value); })) return {};  // a run has none
  std::ranges::sort(values);
  return values;
}

double median(const std::vector<const Run*>& runs, const char* name) {
  const auto values = sorted(runs, name);
  const std::size_t middle = values.size() / 2;
  if (values.empty()) return std::numeric_limits<double>::quiet_NaN();
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

double total(const std::vector<const Run*>& runs, const char* name) {
  const auto values = sorted(runs, name);
  return std::accumulate(values.begin(), values.end(), 0.0);
}

std::string right(const std::string& text, std::size_t width) {
  return std::string(text.size() < width ? width - text.size() : 0, ' ') + text;
}

std::string shown(double value, int digits) {
  if (std::isnan(value)) return "-";
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", digits, value);
  return text;
}

std::string name_of(const Run& run) {
  const std::string name = run.run_name.function_name;
  return run.run_name.args.empty() ? name : name + "/" + run.run_name.args;
}

std::string figures(const std::vector<const Run*>& measured) {
  const auto labelled = std::ranges::find_if(measured, [](const Run* run) { return !run->report_label.empty(); });
  const std::string label = labelled == measured.end() ? "" : (*labelled)->report_label;
  return right(shown(median(measured, "requests_per_second"), 0), 12) +
         right(shown(median(measured, "bytes_per_second") / 1e6, 1), 10) +
         right(shown(median(measured, "p50_ms"), 3), 10) + right(shown(median(measured, "p99_ms"), 3), 10) +
         right(shown(median(measured, "server_cpu_us"), 1), 10) + right(shown(total(measured, "failures"), 0), 10) +
         (label.empty() ? "" : "  " + label);
}

}  // namespace

bool Summary::ReportContext(const Context& context) {
  name_width_ = std::max<std::size_t>(context.name_field_width, 20);
  return true;
}

void Summary::ReportRuns(const std::vector<Run>& runs) {
  std::vector<const Run*> measured;
  std::string problem;
  for (const Run& run : runs) {
    if (run.run_type != Run::RT_Iteration) continue;
    const std::string given_up = problem_of(run);
    if (given_up.empty()) {
      measured.push_back(&run);
    } else {
      problem = given_up;
    }
  }
  if (measured.empty() && problem.empty()) return;
  const Run& any = runs.front();
  lines_[{any.family_index, name_of(any)}] = problem.empty() ? figures(measured) : "  " + problem;
}

// The runs end in random order. The lines have the order of the scenarios.
void Summary::Finalize() {
  auto& out = GetOutputStream();
  out << std::string(name_width_, ' ') << "  requests/s      MB/s    p50 ms    p99 ms    CPU µs  failures\n";
  for (const auto& [key, line] : lines_) {
    const std::string& name = key.second;
    out << name << std::string(name.size() < name_width_ ? name_width_ - name.size() : 0, ' ') << line << '\n';
  }
  out.flush();
}

}  // namespace cgi::bench
