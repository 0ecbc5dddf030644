// The server: cpp-httplib accepts connections, and this class answers requests.
//
// httplib::Server hands each accepted socket to process_and_close_socket(), a private virtual function with the same
// signature in every release from 0.11.4 on. This class overrides it. httplib's own request parser and response writer
// cannot print "HTTP/1.0 200 Script output follows", cannot answer an unknown method with 501, and have holes (request
// smuggling, header injection) that Debian's package has no patches for.
#pragma once

#include <httplib.h>

#include <atomic>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "body.h"
#include "connection.h"
#include "document_root.h"
#include "mime_types.h"
#include "options.h"
#include "request_head.h"
#include "responder.h"
#include "route.h"
#include "script.h"
#include "script_handler.h"

namespace cgi {

class CgiServer : public httplib::Server {
 public:
  // `account` is the user that scripts run as; without one, they run as the user of the server.
  CgiServer(const cgi::Options& options, const DocumentRoot& root, std::optional<Account> account);

  // Binds and listens. Returns the port, or -1 with errno set.
  int bind();
  // Accepts connections until stop_serving(). Returns false if accepting failed for good.
  bool serve_until_stopped();
  // Accepts no more connections and breaks the open ones, which ends their scripts. serve_until_stopped() then returns
  // within a bounded time. Any thread may call this, but no signal handler.
  void stop_serving();

 private:
  bool process_and_close_socket(socket_t socket) override;
  void serve(Connection& client);
  After answer(Connection& client, Request& request);
  After answer_with_file(Connection& client, const Request& request, const Route& route, const Framing& body);
  After send_file(Connection& client, const Request& request, const Route& route);
  After send_listing(Connection& client, const Request& request, const Route& route);
  After redirect(Connection& client, const Request& request, const std::string& location);
  After send(Connection& client, const Request& request, std::string head, std::string_view content);

  const cgi::Options options_;  // qualified: httplib::Server has a member function Options()
  const DocumentRoot& root_;
  Responder responder_;
  ScriptHandler scripts_;
  MimeTypes types_;
  int port_ = 0;

  std::atomic<bool> stopping_ = false;
  std::atomic<bool> finished_ = false;  // the server accepts no more connections
  std::mutex mutex_;
  std::set<socket_t> connections_;  // open; guarded by mutex_
};

}  // namespace cgi
