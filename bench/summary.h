// Prints one short line for each benchmark, with the medians of its repetitions. Google Benchmark's own display
// (--benchmark_format=console) shows every counter of every repetition.
#pragma once

#include <benchmark/benchmark.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace cgi::bench {

class Summary : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(const Context& context) override;
  void ReportRuns(const std::vector<Run>& runs) override;
  void Finalize() override;

 private:
  std::size_t name_width_ = 0;
  std::map<std::pair<std::int64_t, std::string>, std::string> lines_;  // by family and name
};

}  // namespace cgi::bench
