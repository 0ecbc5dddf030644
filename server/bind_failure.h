// The message of a server that cannot listen.
#pragma once

#include <string>

namespace cgi {

// Names the port, the address, the reason and the next step. `error` is the errno of bind(), or 0 if the address could
// not be resolved.
std::string bind_failure(const std::string& address, int port, int error);

}  // namespace cgi
