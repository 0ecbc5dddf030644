#pragma once

#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>

#include "script.h"

namespace cgi {

// Returns the output of a script, once the script has closed it.
inline std::string output_of(Script& script) {
  std::string text;
  std::array<char, 4096> block;
  for (;;) {
    pollfd ready{script.output().get(), POLLIN, 0};
    ::poll(&ready, 1, -1);
    const ssize_t count = ::read(script.output().get(), block.data(), block.size());
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (count <= 0) return text;
    text.append(block.data(), static_cast<std::size_t>(count));
  }
}

}  // namespace cgi
