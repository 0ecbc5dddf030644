// The line for a server that cannot listen: which port and address, why, and what to try instead.
#pragma once

#include <string>

namespace cgi {

// `error` is the errno of bind(), or 0 if the address could not be resolved.
std::string bind_failure(const std::string& address, int port, int error);

}  // namespace cgi
