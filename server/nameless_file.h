// Files for what is too long for memory.
#pragma once

#include "unique_fd.h"

namespace cgi {

// Opens a file below TMPDIR and removes its name at once, so that the system frees it, however the server ends. If the
// server is killed between the two calls, an empty file stays. Returns nothing and sets errno if that fails.
UniqueFd nameless_file();  // rule: resource/broken-uploads-leave-nothing

}  // namespace cgi
