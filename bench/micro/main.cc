// cgi-bench-micro: measures the functions of cgi-server that every request needs, with Google Benchmark.
//
//   cgi-bench-micro [--benchmark_…]      measures times, and instructions where the machine counts them
//   cgi-bench-micro --work NAME TIMES    only does the work, for callgrind (bench/micro/instructions.py)
//   cgi-bench-micro --about              prints the compiler and its options: counts depend on them
//   cgi-bench-micro --list               prints the names

#include <benchmark/benchmark.h>
#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "../../server/unique_fd.h"
#include "work.h"

namespace cgi::bench {
namespace {

// Counts instructions in user space with the processor's counter. Virtual machines often have none.
class InstructionCounter {
 public:
  InstructionCounter() {
    perf_event_attr event{};
    event.type = PERF_TYPE_HARDWARE;
    event.size = sizeof event;
    event.config = PERF_COUNT_HW_INSTRUCTIONS;
    event.disabled = 1;
    event.exclude_kernel = 1;
    event.exclude_hv = 1;
    fd_.reset(static_cast<int>(::syscall(SYS_perf_event_open, &event, 0, -1, -1, PERF_FLAG_FD_CLOEXEC)));
  }
  explicit operator bool() const { return static_cast<bool>(fd_); }
  void begin() const {
    ::ioctl(fd_.get(), PERF_EVENT_IOC_RESET, 0);
    ::ioctl(fd_.get(), PERF_EVENT_IOC_ENABLE, 0);
  }
  double end() const {
    std::uint64_t count = 0;
    ::ioctl(fd_.get(), PERF_EVENT_IOC_DISABLE, 0);
    return ::read(fd_.get(), &count, sizeof count) == sizeof count ? static_cast<double>(count) : 0;
  }

 private:
  UniqueFd fd_;
};

void measure(benchmark::State& state, const Work& work) {
  static const InstructionCounter counter;
  if (counter) counter.begin();
  for ([[maybe_unused]] auto _ : state) work.once();
  if (counter) {
    state.counters["instructions"] = benchmark::Counter(counter.end(), benchmark::Counter::kAvgIterations);
  }
}

int do_work(std::string_view name, long times) {
  for (const auto& work : all_work()) {
    if (work.name != name) continue;
    for (long i = 0; i < times; ++i) work.once();
    return 0;
  }
  std::fprintf(stderr, "cgi-bench-micro: no work \"%s\" (names: --list)\n", std::string(name).c_str());
  return 2;
}

int run(int argc, char** argv) {
  const std::string_view mode = argc > 1 ? argv[1] : "";
  if (mode == "--about") {
    std::puts(CGI_BUILT_BY);
    return 0;
  }
  if (mode == "--list") {
    for (const auto& work : all_work()) std::puts(work.name.c_str());
    return 0;
  }
  if (mode == "--work" && argc == 4) return do_work(argv[2], std::strtol(argv[3], nullptr, 10));
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  for (const auto& work : all_work()) {
    benchmark::RegisterBenchmark(work.name.c_str(), [&work](benchmark::State& state) { measure(state, work); });
  }
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}

}  // namespace
}  // namespace cgi::bench

int main(int argc, char** argv) { return cgi::bench::run(argc, argv); }
