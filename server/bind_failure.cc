#include "bind_failure.h"

#include <cerrno>
#include <cstring>

namespace cgi {

std::string bind_failure(const std::string& address, int port, int error) {
  const std::string where = "port " + std::to_string(port) + " on " + address;
  if (error == EADDRINUSE) return where + " is in use (another server? try: cgi-server 0)";
  if (error == EACCES) return where + " needs root (try a port from 1024 on: cgi-server 8000)";
  if (error == EADDRNOTAVAIL) return address + " is not an address of this machine (try: -b 127.0.0.1)";
  return "cannot listen on " + where + (error != 0 ? std::string(": ") + std::strerror(error) : "") +
         " (is -b an address or a host name?)";
}

}  // namespace cgi
