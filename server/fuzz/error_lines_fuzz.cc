// Feeds a script's standard error to ErrorLines, whole and in two pieces. Both must make the same lines, and these must
// be the first ones of the script, cut if they are long, and a count of the others. The first two octets of the data
// are the length of the first piece.

#include <cstdint>
#include <string>
#include <vector>

#include "field_syntax.h"
#include "require.h"
#include "script_lines.h"

namespace {

using Lines = std::vector<std::string>;

Lines lines_of(std::string_view first, std::string_view second) {
  const cgi::Clock::time_point now = cgi::Clock::time_point() + std::chrono::hours(1);
  cgi::ErrorLines lines;
  Lines made = lines.take(first, now);
  for (const Lines& more : {lines.take(second, now), lines.finish()}) made.insert(made.end(), more.begin(), more.end());
  return made;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  std::string_view octets(reinterpret_cast<const char*>(data) + 2, size - 2);
  const std::size_t cut = static_cast<std::size_t>(data[0] << 8 | data[1]) % (octets.size() + 1);
  const Lines made = lines_of(octets, "");
  cgi::require(made == lines_of(octets.substr(0, cut), octets.substr(cut)));

  Lines expected;
  std::size_t left_out = 0;
  while (!octets.empty()) {
    std::string line(cgi::cut(octets, '\n'));
    if (line.ends_with('\r')) line.pop_back();
    if (line.size() > 4096) line = line.substr(0, 4096) + "...";
    if (expected.size() < 100) {
      expected.push_back(line);
    } else {
      ++left_out;
    }
  }
  if (left_out > 0) expected.push_back("... and " + std::to_string(left_out) + " more lines");
  cgi::require(made == expected);
  return 0;
}
