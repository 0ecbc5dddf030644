// The known word that a user probably meant, for the messages of cgi-server and of cgi-bench.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace cgi {

// Returns the word of `known` that needs the fewest changes of `word`, or that begins with it; an empty text if all
// need more than a third of its letters.
std::string nearest(std::string_view word, const std::vector<std::string>& known);

}  // namespace cgi
