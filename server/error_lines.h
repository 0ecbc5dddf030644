// Makes lines for the log of what a script writes to its standard error. Their length and number are bounded, so that a
// script cannot fill the log. Pure: the time is an argument.
// rule: log/script-lines-are-bounded
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "clock.h"

namespace cgi {

class ErrorLines {
 public:
  // Takes the next octets and returns the lines that are complete, at most 100 for each second. An endless line is cut.
  std::vector<std::string> take(std::string_view octets, Clock::time_point now);
  // The script writes no more. Returns the rest, and a line that counts those left out.
  std::vector<std::string> finish();

 private:
  void add(std::vector<std::string>& lines, Clock::time_point now);

  std::string partial_;
  std::size_t in_second_ = 0;
  std::size_t left_out_ = 0;
  Clock::time_point second_begin_{};
};

}  // namespace cgi
