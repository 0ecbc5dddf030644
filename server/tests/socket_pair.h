// A connected pair of sockets: the server's end, which is non-blocking, and the client's.
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>

#include <cerrno>
#include <system_error>

#include "unique_fd.h"

namespace cgi {

struct SocketPair {
  SocketPair() {
    ::signal(SIGPIPE, SIG_IGN);  // as the server does
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) {
      throw std::system_error(errno, std::generic_category(), "socketpair");
    }
    server.reset(ends[0]);
    client.reset(ends[1]);
    for (const int end : ends) ::fcntl(end, F_SETFD, FD_CLOEXEC);
    ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
  }

  UniqueFd server;
  UniqueFd client;
};

}  // namespace cgi
