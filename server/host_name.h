// The name of the server for scripts, if the request does not tell it.
#pragma once

#include <string>

namespace cgi {

// Returns the host name of the bound address, as socket.getfqdn() does; the address itself if it has no name.
// rule: base/server-name-and-port-are-set
std::string host_name(const std::string& bound);

}  // namespace cgi
