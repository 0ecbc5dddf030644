#include "server_identity.h"

#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string_view>

extern char** environ;

namespace cgi {
std::string host_name(const std::string& bound) {
  std::array<char, 256> own{};
  const bool any = bound == "0.0.0.0" || bound == "::";
  if (any && ::gethostname(own.data(), own.size() - 1) == 0) return own.data();
  addrinfo* found = nullptr;
  if (::getaddrinfo(bound.c_str(), nullptr, nullptr, &found) != 0) return bound;
  std::array<char, NI_MAXHOST> name{};
  const int result =
      ::getnameinfo(found->ai_addr, found->ai_addrlen, name.data(), name.size(), nullptr, 0, NI_NAMEREQD);
  ::freeaddrinfo(found);
  return result == 0 ? name.data() : bound;
}

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
