// cgi-server for programs in C++: a server whose settings are members.
//
// The defaults are those of cgi-server. Set the members before listen(). `cgi_directories` means the same as in
// CPython's CGIHTTPRequestHandler.
#pragma once

#include <memory>

#include "options.h"

namespace cgi {

class Server : public Options {
 public:
  Server();
  explicit Server(Options options);
  ~Server();

  // Binds and listens. Returns the port. From now on this process ignores SIGPIPE, SIGTTOU and SIGXFSZ, has the
  // default disposition of SIGCHLD, and a higher limit of open files; it must keep that. Throws std::invalid_argument
  // for a wrong setting and std::runtime_error if the system refuses. The message names the value and the next step.
  int listen();
  // Accepts connections until shutdown(). Returns false if a request does not end in time. Its thread then still runs,
  // so the process should end soon.
  bool serve_forever();
  // Does the same until SIGINT or SIGTERM, which stay blocked in this thread. `notice` gets the signal, in
  // another thread, while the server ends. SIGHUP opens `log_file` again; without one, it ends the server.
  bool serve_until_signal(void (*notice)(int signal) = nullptr);
  // Ends the connections and their scripts. Any thread may call this, but no signal handler.
  void shutdown();

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;  // after listen()
};

}  // namespace cgi
