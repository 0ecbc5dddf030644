// The command line of a script on Windows, which has no permission to execute and does not read "#!". There a program
// gets its arguments as one text, and splits it itself.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "options.h"

namespace cgi {

// Returns whether a program, or a script with this name, reads a part of its arguments as commands, so that no quoting
// is safe: batch files, cmd.exe and powershell.exe. They never run.  rule: argument/windows-batch-files
bool reads_commands(std::string_view program);

// Returns the words that stand before the script on its command line. There are none if the script itself is a program.
// The first word is a path, or a name to look for on PATH. Returns nothing if the script must not run. The first rule
// that fits decides:
//   - what reads_commands() names does not run, and neither does a script for it;
//   - `interpreters` names the suffix, in upper or lower case;
//   - a file that begins as a program does ("MZ") runs by itself, whatever its name is;
//   - .py and .pyw run by Python, with CPython's option -u;
//   - "#!/usr/bin/perl -T" and "#!/usr/bin/env perl -T" run by the program perl of PATH, with the option.
// `start` holds the first octets of the script, at least its first line.
std::optional<std::vector<std::string>> words_before_script(std::string_view name, std::string_view start,
                                                            std::span<const Interpreter> interpreters);

// Returns the text that CommandLineToArgvW() and the C library of Microsoft split into `arguments`, in the same form as
// subprocess.list2cmdline() of CPython. Returns nothing if an argument holds a NUL, which ends the text.
// rule: windows/argument-survives-quoting
//
// cmd.exe reads such a text differently: no quoting is safe for a .bat or .cmd file (CVE-2024-24576).
std::optional<std::string> quoted_arguments(const std::vector<std::string>& arguments);

}  // namespace cgi
