// What scripts are told about the server that runs them, found out once.
#pragma once

#include <string>

#include "meta_variables.h"
#include "options.h"

namespace cgi {

// The host name of the bound address, as socket.getfqdn() finds it; the address itself if it has none. base-33.
std::string host_name(const std::string& bound);

// What scripts get of the server's own environment: what --pass-env names, or all of it with --inherit-env, but
// nothing that only a request may set. A PATH is always among it.  environment-6, environment-7, environment-12.
Environment passed_environment(const Options& options);

}  // namespace cgi
