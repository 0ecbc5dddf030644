// Parts of messages: the known word or file that a user probably meant, and of quote.h a value in quotes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "quote.h"

namespace cgi::bench {

// Returns " (did you mean "known"?)" with the word that needs the fewest changes, or `otherwise` if all need many.
std::string hint(std::string_view word, const std::vector<std::string>& known, const std::string& otherwise);

// Returns such a hint with the name in the same folder that is most like that of a missing file.
std::string file_hint(const std::string& path, const std::string& otherwise);

}  // namespace cgi::bench
