#include "cgi_server.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <map>
#include <string>

namespace cgi {
namespace {

TEST(BindFailure, NamesTheCauseAndTheNextStep) {
  const std::map<int, std::string> told = {
      {EADDRINUSE, "port 80 on 127.0.0.1 is in use (another server? try: cgi-server 0)"},
      {EACCES, "port 80 on 127.0.0.1 needs root (try a port from 1024 on: cgi-server 8000)"},
      {EADDRNOTAVAIL, "127.0.0.1 is not an address of this machine (try: -b 127.0.0.1)"},
      {EMFILE, "cannot listen on port 80 on 127.0.0.1: Too many open files (is -b an address or a host name?)"},
      {0, "cannot listen on port 80 on 127.0.0.1 (is -b an address or a host name?)"},
  };
  for (const auto& [error, line] : told) EXPECT_EQ(line, bind_failure("127.0.0.1", 80, error));
}

}  // namespace
}  // namespace cgi
