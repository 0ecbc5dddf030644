#include "host_name.h"

#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

namespace cgi {

std::string host_name(const std::string& bound) {
  std::array<char, 256> own{};
  const bool any = bound == "0.0.0.0" || bound == "::";
  if (any && ::gethostname(own.data(), own.size() - 1) == 0) return own.data();
  addrinfo* found = nullptr;
  if (::getaddrinfo(bound.c_str(), nullptr, nullptr, &found) != 0) return bound;
  std::array<char, NI_MAXHOST> name{};
  const int result = ::getnameinfo(found->ai_addr, static_cast<socklen_t>(found->ai_addrlen), name.data(), name.size(),
                                   nullptr, 0, NI_NAMEREQD);
  ::freeaddrinfo(found);
  return result == 0 ? name.data() : bound;
}

}  // namespace cgi
