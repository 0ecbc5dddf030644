#include "passed_environment.h"

#include <unistd.h>

#include <algorithm>
#include <string_view>

extern char** environ;

namespace cgi {

Environment passed_environment(const Options& options) {
  Environment passed;
  bool has_path = false;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const std::string name(text.substr(0, text.find('=')));
    const bool named = std::find(options.pass_env.begin(), options.pass_env.end(), name) != options.pass_env.end();
    const bool allowed = is_request_variable(name) ? named && operator_may_set(name) : named || options.inherit_env;
    if (name.size() == text.size() || !allowed) continue;
    has_path = has_path || name == "PATH";
    passed.emplace_back(name, text.substr(name.size() + 1));
  }
  if (!has_path) passed.emplace_back("PATH", "/usr/local/bin:/usr/bin:/bin");
  return passed;
}

std::vector<std::string> names_not_set(const Options& options) {
  std::vector<std::string> names = options.pass_env;
  std::erase_if(names, [](const std::string& name) { return ::getenv(name.c_str()) != nullptr; });
  return names;
}

}  // namespace cgi
