// What scripts are told about the server that runs them, found out once.
#pragma once

#include <string>
#include <vector>

#include "meta_variables.h"
#include "options.h"

namespace cgi {

// The host name of the bound address, as socket.getfqdn() finds it; the address itself if it has none.
// rule: base/server-name-and-port-are-set
std::string host_name(const std::string& bound);

// What scripts get of the server's own environment: what --pass-env names, or all of it with --inherit-env, but
// nothing that only a request may set, unless --pass-env names it and operator_may_set() allows it. A PATH is always
// among it.
// rule: environment/server-environment-stays-out, environment/inherited-cgi-variables-stay-out
// rule: environment/path-has-absolute-directories
Environment passed_environment(const Options& options);

// Returns the names of --pass-env that the server's own environment does not have: often they are misspelt.
std::vector<std::string> names_not_set(const Options& options);

}  // namespace cgi
