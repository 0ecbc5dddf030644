// Chooses the lines that the log shows of a script's output that cannot become a response. The client gets 500 and none
// of the output, so an operator can read the reason in the log only: usually a traceback. Pure: octets in, lines out.
//
// Two things may surprise. The last lines are shown beside the first ones, because Python's cgitb writes the plain
// traceback at the end of its page. The value of Set-Cookie is left out, because it lets a reader of the log act as a
// user.
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
constexpr std::size_t kRefusedKept = 1 << 16;  // octets of the output that are looked at

// The lines of `output`, without their line ends and without empty lines. If there are too many, a line in the middle
// tells how many are left out; a line that is cut ends with "...[+N]". Control characters are still in them: the
// log escapes them.
std::vector<std::string> refused_lines(std::string_view output);

}  // namespace cgi
