// The server: it accepts connections and answers requests.
//
// httplib::Server opens the listening socket, and a request travels as an httplib::Request. Connections, the parser and
// the responses are this server's own: httplib gives a thread to each connection and closes its listening socket on a
// passing error of accept(). It cannot print "HTTP/1.0 200 Script output follows", cannot answer an unknown method with
// 501, and has holes (request smuggling, header injection) that Debian's package has no patches for.
#pragma once

#include <httplib.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "admission.h"
#include "connection.h"
#include "document_root.h"
#include "event_loop.h"
#include "options.h"
#include "request_body.h"
#include "request_head.h"
#include "responder.h"
#include "route.h"
#include "script.h"
#include "script_handler.h"
#include "static_handler.h"
#include "workers.h"

namespace cgi {

// Returns the message of a server that cannot listen: the port, the address, the reason and the next step. `error` is
// the errno of CgiServer::bind(), or 0 if the address could not be resolved.
std::string bind_failure(const std::string& address, int port, int error);

class CgiServer : public httplib::Server {
 public:
  // `account` is the user that scripts run as; without one, they run as the user of the server. Throws
  // std::system_error if the system has no descriptors for the loops.
  CgiServer(const cgi::Options& options, const DocumentRoot& root, std::optional<Account> account);
  ~CgiServer() override { close_listener(); }

  // Binds and listens. Returns the port, or -1 with errno set: see bind_failure().
  int bind();
  // Accepts connections until stop_serving(), and then frees the port. Returns false if a request that is under way
  // does not end in time: then the process must end without destroying this object. Throws std::runtime_error if the
  // system has no threads for the loops.
  bool serve_until_stopped();
  // Opens the file of --log-file, again if it was renamed. Returns false and sets errno if that fails; the old one
  // stays.
  // rule: log/sighup-opens-the-file-again
  bool open_log() const;
  // Ends the connections and their scripts. serve_until_stopped() then returns within a bounded time. Any thread may
  // call this, but no signal handler.
  void stop_serving();

 private:
  // The decision about a request: a reply for the loop to send, or a route for a worker to follow.
  struct Turn {
    Reply reply = {};
    std::optional<Route> route = {};
    RequestBody body = {};   // for a script, or to drop
    ScriptPlace place = {};  // of a script that starts before its body is here
  };

  void close_listener();
  void accept(EventLoop& loop, UniqueFd socket, Peer peer);
  Served serve(EventLoop& loop, UniqueFd socket, Peer peer);

  std::string refusal_of_connection(const Peer& peer) const;
  Refusal no_worker(const Request& request) const;
  Turn begin(Request& request);
  After finish(Connection& client, Request& request, Turn& turn);

  const cgi::Options options_;  // qualified: httplib::Server has a member function Options()
  const DocumentRoot& root_;
  Responder responder_;
  ScriptHandler scripts_;
  Quota spool_;  // octets of all nameless files  rule: resource/stored-bodies-are-bounded
  StaticHandler statics_;
  Workers workers_;
  std::vector<std::unique_ptr<EventLoop>> loops_;
  Admission admission_;
};

}  // namespace cgi
