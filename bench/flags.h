// The flags of Google Benchmark. cgi-bench checks their values first, because Google Benchmark aborts at some wrong
// values, prints its help for others, and names neither the value nor the next step.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cgi::bench {

// Returns the names: "--benchmark_filter".
std::vector<std::string> flag_names();

// Returns whether `word` is a flag of Google Benchmark, with or without a value.
bool is_flag(std::string_view word);

// Returns the problem with the value of such a flag; empty if there is none.
std::string wrong_flag(std::string_view word);

// Returns whether `word` sets the flag `name`, which is true or false, to true.
bool switches_on(std::string_view word, std::string_view name);

// Returns a number of seconds above 0, and at most a year, so that no deadline overflows.
std::optional<double> to_seconds(std::string_view text);

// A message says this of text that to_seconds() refuses.
inline constexpr char kNoSeconds[] = "is not a number of seconds above 0 and up to 31536000";

}  // namespace cgi::bench
