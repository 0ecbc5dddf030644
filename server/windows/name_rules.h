// The names that a server on Windows must refuse before a function for files sees them.
//
// Windows gives one file many names, and gives names to things that are no files. CPython compares the name in the
// request, and hands it to Windows: "/cgi-bin./x.py", "/X:/cgi-bin/x.py" and "/cgi-bin::$INDEX_ALLOCATION/x.py" then
// show the source of a script, "/.. /x" leads out of the root, and reading "COM1" never ends.
//
// The spelling does not reveal two more kinds of names: upper and lower case, and the short names of the 8.3 scheme.
// The caller must compare the final path of the file that it opened.
#pragma once

#include <string>
#include <string_view>

namespace cgi {

// Returns whether `segment`, a decoded part of a path between two slashes, is the name of a file on Windows and of
// nothing else. It is false for
//   - a control, and < > : " / \ | ? *: drives, streams of a file, other separators, patterns;
//     rule: windows/drive-is-no-drive, windows/stream-is-not-its-file, windows/network-path-is-never-opened
//     rule: windows/forbidden-character-is-no-pattern, traversal/windows-drives-and-backslashes
//   - a dot or a space at the end, which Windows drops; that includes "." and "..";
//     rule: windows/ends-of-names-count, windows/dots-with-blanks-stay-below-root
//   - a device, in upper or lower case and with any suffix: CON, PRN, AUX, NUL, COM1 to COM9, LPT1 to LPT9 (also with
//     the superscripts ¹ ² ³), CONIN$, CONOUT$;  rule: windows/device-is-never-opened
//   - an empty text.
// It does not look for octets that are not UTF-8: no characters correspond to them, so the conversion finds them.
bool is_windows_file_name(std::string_view segment);

// Returns a variable "NAME=VALUE" for a script. PATH_TRANSLATED and SCRIPT_FILENAME name files, so they get
// backslashes, as in CPython on Windows. Other variables stay unchanged.
std::string with_file_name(std::string variable);

}  // namespace cgi
