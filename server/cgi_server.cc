#include "cgi_server.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <exception>
#include <fstream>
#include <iterator>
#include <thread>
#include <utility>

#include "elastic_pool.h"
#include "field_syntax.h"
#include "http11_rules.h"
#include "listing.h"
#include "request_body.h"
#include "response_head.h"
#include "static_file.h"

namespace cgi {
namespace {

constexpr int kBacklog = 1024;                   // httplib before 0.52 asks for 5
constexpr std::size_t kThreadsForRefusals = 16;  // more than --max-connections
constexpr int kEmptyLines = 4;                   // ignored before a request
constexpr int kRebinds = 100;                    // attempts to open the listening socket again
constexpr int kRedirects = 10;                   // local redirects of one request
constexpr auto kRefusalLinger = std::chrono::milliseconds(200);

enum class Got { kHead, kNothing, kTooLate };

// Reads the head of the next request. Returns kNothing if the client left or was idle until `deadline`. Skips a few
// empty lines, which some clients send before a request or after a body. They do not extend the deadline. `head` is
// empty if there are too many. CPython closes the connection at the first one.
// rule: http/empty-line-before-request-is-skipped, http/empty-lines-are-bounded  (RFC 9112 2.2)
Got read_head(Connection& client, HeadParser& head, Clock::time_point deadline) {
  for (int empty_lines = 0;;) {
    client.consume(head.consume(client.buffered()));
    if (head.done()) {  // rule: http/no-action-before-head-is-complete
      if (!head.empty() || empty_lines++ == kEmptyLines) return Got::kHead;
      head = HeadParser();
      continue;
    }
    const Fill result = client.fill(deadline);
    if (result == Fill::kData) continue;
    if (head.untouched() || result == Fill::kBroken) return Got::kNothing;
    if (result == Fill::kTimeout) return Got::kTooLate;
    head.end_of_input();
  }
}

// The request of a local redirect has no body, so it must not have these fields.
constexpr std::string_view kBodyFields[] = {"content-length", "content-type", "content-encoding", "transfer-encoding",
                                            "expect"};

}  // namespace

CgiServer::CgiServer(const cgi::Options& options, const DocumentRoot& root, std::optional<Account> account)
    : options_(options),
      root_(root),
      responder_(options.protocol, options.log_format),
      scripts_(options_, root, responder_, std::move(account)) {
  std::ifstream file("/etc/mime.types", std::ios::binary);
  if (file) types_.add(std::string(std::istreambuf_iterator<char>(file), {}));
  new_task_queue = [this] { return new ElasticPool(options_.max_connections + kThreadsForRefusals); };
  // httplib sets SO_REUSEPORT by default: a second server would silently get half of the connections.
  // rule: base/restart-on-the-same-port, resource/port-is-free-after-the-end
  set_socket_options([](socket_t socket) {
    const int on = 1;
    ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    ::fcntl(socket, F_SETFD, FD_CLOEXEC);
  });
}

int CgiServer::bind() {
  errno = 0;
  // The server keeps its free port if it must open the listening socket again.
  if (port_ == 0) port_ = options_.port;
  if (port_ == 0) {
    port_ = bind_to_any_port(options_.bind);
  } else if (!bind_to_port(options_.bind, port_)) {
    return -1;
  }
  if (port_ < 0) return -1;
  ::listen(svr_sock_, kBacklog);
  scripts_.set_port(port_);
  return port_;
}

bool CgiServer::serve_until_stopped() {
  // httplib ends its accept loop and closes the listening socket even on temporary errors (a connection that was reset
  // before it was accepted, a full file table). The server opens the socket again.
  bool bound = true;
  while (!stopping_ && bound) {
    listen_after_bind();
    for (int attempt = 0; !stopping_ && (bound = bind() > 0) == false && attempt < kRebinds; ++attempt) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
  }
  finished_ = true;
  return bound;
}

void CgiServer::stop_serving() {  // rule: resource/stop-ends-the-server
  stopping_ = true;
  responder_.close_all();
  // stop() does nothing before the accept loop runs, and the server may call it only once.
  while (!is_running() && !finished_) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  stop();
  std::lock_guard lock(mutex_);
  for (socket_t socket : connections_) ::shutdown(socket, SHUT_RDWR);  // rule: resource/stop-leaves-no-script
}

bool CgiServer::process_and_close_socket(socket_t socket) {
  Connection client(socket);
  bool full = false;
  {
    std::lock_guard lock(mutex_);
    if (stopping_) return false;
    full = connections_.size() >= options_.max_connections;
    if (!full) connections_.insert(socket);
  }
  // httplib's queue catches no exceptions: one that leaves this function would end the server.
  // rule: base/server-survives-any-request
  try {
    if (full) {
      int port = 0;
      Request request;
      client.get_remote_ip_and_port(request.remote_addr, port);
      responder_.refuse(client, request, {503, "Too many connections"});
      client.linger(kRefusalLinger);
    } else {
      serve(client);
    }
  } catch (const std::exception& error) {
    responder_.log().note("-", std::string("connection given up: ") + error.what());
  }
  std::lock_guard lock(mutex_);
  if (!full) connections_.erase(socket);
  return true;
}

// Serves one connection until its end.
void CgiServer::serve(Connection& client) {
  std::string address;
  int port = 0;
  client.get_remote_ip_and_port(address, port);
  if (address.empty()) return;  // the client reset the connection

  After next = After::kNextRequest;
  while (next == After::kNextRequest) {  // rule: http/nothing-after-connection-close, http/pipelined-requests-in-order
    HeadParser head;
    const Got got = read_head(client, head, from_now(options_.header_timeout));
    if (got == Got::kNothing) return;          // rule: http/idle-connection-may-be-closed
    if (head.empty()) return client.linger();  // rule: base/empty-first-line-closes
    Request& request = head.request();
    request.remote_addr = address;  // rule: base/log-names-client-by-address
    request.remote_port = port;
    if (got == Got::kTooLate) {
      next = responder_.refuse(client, request, {408, "Request head not complete in time"});
    } else if (head.refusal()) {
      next = responder_.refuse(client, request, *head.refusal());
    } else {
      next = answer(client, request);
    }
  }
  if (next == After::kLinger) client.linger();
}

After CgiServer::answer(Connection& client, Request& request) {
  request.uri = request.target;
  const bool by_the_rfc = options_.profile == Profile::kRfc3875;
  if (by_the_rfc) {  // rule: base/no-field-is-required
    if (const auto refusal = apply_http11_rules(request)) {
      if (request.is_simple()) request.version = "HTTP/1.0";  // the refusal of HTTP/0.9 has a head
      return responder_.refuse(client, request, *refusal);
    }
  }
  const auto framing = framing_of(request);
  if (const auto* refusal = std::get_if<Refusal>(&framing)) return responder_.refuse(client, request, *refusal);
  Framing body = std::get<Framing>(framing);

  for (int hop = 0;; ++hop) {
    const Route route = find_route(request, root_, options_.cgi_directories, by_the_rfc);
    if (route.kind == RouteKind::kRefusal) return responder_.refuse(client, request, route.refusal);
    // rule: seed/files-and-scripts-on-one-port, seed/file-or-script-output-never-both
    if (route.kind != RouteKind::kScript) return answer_with_file(client, request, route, body);
    const ScriptOutcome outcome = scripts_.run(client, request, route, body);
    if (outcome.local_location.empty()) return outcome.next;
    // A local redirect: answer as if the client had sent GET for that target, without a body.
    // rule: cgi/local-redirect-runs-script-as-get, cgi/local-redirect-gains-no-access, cgi/local-redirect-loops-end
    // rule: disclosure/redirect-by-script  (RFC 3875 6.2.2)
    if (hop == kRedirects) return responder_.refuse(client, request, {500, "Too many local redirects"});
    if (request.method != "HEAD") request.method = "GET";
    request.target = outcome.local_location;
    std::erase_if(request.fields, [](const Field& field) { return is_one_of(kBodyFields, field.name); });
    if (outcome.next != After::kNextRequest) request.fields.push_back({"Connection", "close"});
    body = {};
  }
}

After CgiServer::answer_with_file(Connection& client, const Request& request, const Route& route, const Framing& body) {
  After next = After::kClose;
  if (route.kind == RouteKind::kRedirect) next = redirect(client, request, route.location);
  if (route.kind == RouteKind::kListing) next = send_listing(client, request, route);
  if (route.kind == RouteKind::kFile) next = send_file(client, request, route);
  if (!body.chunked && body.length == 0) return next;
  if (next == After::kNextRequest && discard_body(client, body, from_now(options_.header_timeout))) return next;
  return After::kLinger;
}

// rule: base/head-of-file-has-fields-and-no-body, base/range-is-ignored, http/range-is-ignored-or-correct
After CgiServer::send_file(Connection& client, const Request& request, const Route& route) {
  if (is_not_modified(request, route.status.st_mtime)) {
    return send(client, request, responder_.begin(request, 304, "Not Modified"), "");
  }
  std::string head = responder_.begin(request, 200, "OK");
  add_file_fields(head, route, types_);
  if (request.method == "HEAD") return send(client, request, std::move(head), "");
  const After next = responder_.end_head(request, head);
  return send_file_response(client, std::move(head), route) ? next : After::kClose;
}

After CgiServer::send_listing(Connection& client, const Request& request, const Route& route) {
  const auto page = directory_page(request, route, root_);
  if (!page) return responder_.refuse(client, request, {404, "No permission to list directory"});
  std::string head = responder_.begin(request, 200, "OK");
  add_field(head, "Content-type", kListingContentType);
  add_field(head, "Content-Length", std::to_string(page->size()));
  return send(client, request, std::move(head), *page);
}

After CgiServer::redirect(Connection& client, const Request& request, const std::string& location) {
  std::string head = responder_.begin(request, 301, "Moved Permanently");
  add_field(head, "Location", location);
  add_field(head, "Content-Length", "0");
  return send(client, request, std::move(head), "");
}

// Completes the head and sends it with the content, which the response to HEAD does not have.
After CgiServer::send(Connection& client, const Request& request, std::string head, std::string_view content) {
  const After next = responder_.end_head(request, head);
  if (request.method != "HEAD") head.append(content);  // rule: http/head-has-no-content, http/head-has-fields-of-get
  return client.send_all(head) ? next : After::kClose;
}

}  // namespace cgi
