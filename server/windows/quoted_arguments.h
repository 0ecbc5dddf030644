// The command line of a script on Windows, where a program gets one text and splits it itself.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace cgi {

// Returns the text that CommandLineToArgvW() and the C library of Microsoft split into `arguments`, in the same form as
// subprocess.list2cmdline() of CPython. Returns nothing if an argument holds a NUL, which ends the text.
// rule: windows/argument-survives-quoting
//
// cmd.exe reads such a text differently: no quoting is safe for a .bat or .cmd file (CVE-2024-24576).
std::optional<std::string> quoted_arguments(const std::vector<std::string>& arguments);

}  // namespace cgi
