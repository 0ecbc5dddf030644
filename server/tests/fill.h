// Waits for octets of a client, as the event loop does for the server.
#pragma once

#include <poll.h>

#include "connection.h"

namespace cgi {

// Appends the next octets to connection.buffered(). Returns kTimeout if none come until `deadline`.
inline Fill fill(Connection& connection, Clock::time_point deadline) {
  for (;;) {
    const Fill result = connection.fill_now();
    if (result != Fill::kTimeout || Clock::now() >= deadline) return result;
    pollfd entry{connection.socket(), POLLIN, 0};
    ::poll(&entry, 1, 1);
  }
}

}  // namespace cgi
