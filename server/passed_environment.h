// The part of the server's environment that scripts get. The server finds it at its start.
#pragma once

#include <string>
#include <vector>

#include "meta_variables.h"
#include "options.h"

namespace cgi {

// Returns the part of the server's own environment that scripts get: the variables that --pass-env names, or all with
// --inherit-env. Request variables are left out, unless --pass-env names them and operator_may_set() allows it. PATH is
// always there.
// rule: environment/server-environment-stays-out, environment/inherited-cgi-variables-stay-out
// rule: environment/path-has-absolute-directories, base/inherited-cgi-variables-stay-out
Environment passed_environment(const Options& options);

// Returns the names of --pass-env that the server's own environment does not have. They are often misspelt.
std::vector<std::string> names_not_set(const Options& options);

}  // namespace cgi
