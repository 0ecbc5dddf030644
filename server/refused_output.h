// Chooses the lines that the log shows of output that cannot become a response. The client gets 500 and none of the
// output, so only the log shows the operator the reason, which usually is a traceback. Pure: octets in, lines out.
//
// The log shows the last lines beside the first ones, because Python's cgitb prints the plain traceback at the end of
// its page. It does not show the value of Set-Cookie, because a reader of the log could act as the user with it.
// rule: log/refused-output-is-shown, log/refused-output-is-bounded, log/no-credentials
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace cgi {

constexpr std::size_t kRefusedFirst = 12;      // lines from the start
constexpr std::size_t kRefusedLast = 20;       // lines before the end
constexpr std::size_t kRefusedLine = 200;      // octets of a line
constexpr std::size_t kRefusedKept = 1 << 16;  // octets of the output that this function reads

// Returns the lines of `output`, without line ends and without empty lines. If there are too many, a line in the middle
// says how many are left out. A line that is cut ends with "...[+N]". The log escapes control characters later.
std::vector<std::string> refused_lines(std::string_view output);

}  // namespace cgi
