// Makes lines for the log of what a script prints: to its standard error, and as output that cannot become a response.
// Their length and number are bounded, so that a script cannot fill the log. Pure: the time is an argument.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "clock.h"

namespace cgi {

// The standard error of a script.  rule: log/script-lines-are-bounded
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

constexpr std::size_t kRefusedFirst = 12;      // lines from the start
constexpr std::size_t kRefusedLast = 20;       // lines before the end
constexpr std::size_t kRefusedLine = 200;      // octets of a line
constexpr std::size_t kRefusedKept = 1 << 16;  // octets of the output that this function reads

// Returns the lines of output that is refused, without line ends and without empty lines. The client gets 500 and none
// of the output, so only the log shows the operator the reason, which usually is a traceback. If there are too many
// lines, one in the middle says how many are left out. The last ones stay, because Python's cgitb prints the plain
// traceback at the end of its page. A line that is cut ends with "...[+N]". The value of Set-Cookie is left out,
// because a reader of the log could act as the user with it. The log escapes control characters later.
// rule: log/refused-output-is-shown, log/refused-output-is-bounded, log/no-credentials
std::vector<std::string> refused_lines(std::string_view output);

}  // namespace cgi
