// Parts of messages: a value in quotes, and the known word or file that a user probably meant.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace cgi::bench {

// Returns a value in double quotes, with control characters escaped: a message has one line.
std::string in_quotes(std::string_view value);

// Returns " (did you mean "known"?)" with the word that needs the fewest changes, or `otherwise` if all need many.
std::string hint(std::string_view word, const std::vector<std::string>& known, const std::string& otherwise);

// Returns such a hint with the name in the same folder that is most like that of a missing file.
std::string file_hint(const std::string& path, const std::string& otherwise);

}  // namespace cgi::bench
