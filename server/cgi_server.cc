#include "cgi_server.h"

#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <exception>
#include <system_error>
#include <thread>
#include <utility>

#include "at_end.h"
#include "body.h"
#include "field_syntax.h"
#include "http11_rules.h"
#include "quote.h"
#include "static_file.h"

namespace cgi {
namespace {

constexpr int kBacklog = 1024;                           // httplib before 0.52 asks for 5
constexpr int kEmptyLines = 4;                           // ignored before a request
constexpr int kRedirects = 10;                           // local redirects of one request
constexpr std::size_t kLingerOctets = 64 * 1024 * 1024;  // a client may send so many after the last response
constexpr auto kBodyDelay = std::chrono::milliseconds(20);
constexpr auto kBusy = std::chrono::seconds(2);  // a long body gives way after so long without octets,
constexpr double kBusyRate = 1024;               // or with fewer than so many per second
constexpr auto kLinger = std::chrono::seconds(2);
constexpr auto kShortLinger = std::chrono::milliseconds(200);

// The request of a local redirect has no body, so it must not have these fields.
constexpr std::string_view kBodyFields[] = {"content-length", "content-type", "content-encoding", "transfer-encoding",
                                            "expect"};

constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

void start_again(HeadParser& head) { head = HeadParser(); }

}  // namespace

std::string bind_failure(const std::string& address, int port, int error) {
  const std::string host = log_escape(address), where = "port " + std::to_string(port) + " on " + host;
  if (error == EADDRINUSE) return where + " is in use (another server? try: cgi-server 0)";
  if (error == EACCES) return where + " needs root (try a port from 1024 on: cgi-server 8000)";
  if (error == EADDRNOTAVAIL) return host + " is not an address of this machine (try: -b 127.0.0.1)";
  return "cannot listen on " + where + (error != 0 ? std::string(": ") + std::strerror(error) : "") +
         " (is -b an address or a host name?)";
}

CgiServer::CgiServer(const cgi::Options& options, const DocumentRoot& root, std::optional<Account> account)
    : options_(options),
      root_(root),
      responder_(options.protocol, options.log_format),
      scripts_(options_, root, responder_, std::move(account)),
      spool_(options.max_spool),
      statics_(root, responder_, spool_),
      admission_(loops_, options.max_connections, options.max_connections_per_address) {
  // httplib sets SO_REUSEPORT by default: a second server would silently get half of the connections.
  // rule: base/restart-on-the-same-port
  set_socket_options([](socket_t socket) {
    const int on = 1;
    ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // for the connections, too
    ::fcntl(socket, F_SETFD, FD_CLOEXEC);
    ::fcntl(socket, F_SETFL, O_NONBLOCK);
  });
  for (std::size_t i = 0; i < options_.loops; ++i) {
    loops_.push_back(std::make_unique<EventLoop>(
        workers_,
        [this](EventLoop& loop, UniqueFd socket, Peer peer) { accept(loop, std::move(socket), std::move(peer)); },
        [this](EventLoop& loop) { return admission_.make_room(loop); },
        [this] { end_late_starts(responder_.is_closing() ? Clock::time_point::max() : Clock::now()); }));
  }
}

int CgiServer::bind() {
  errno = 0;
  const bool any = options_.port == 0;
  const int port = any ? bind_to_any_port(options_.bind) : options_.port;
  if (port < 0 || (!any && !bind_to_port(options_.bind, port))) return -1;
  ::listen(svr_sock_, kBacklog);
  end_pacing(static_cast<int>(svr_sock_));
  scripts_.set_port(port);
  return port;
}

bool CgiServer::open_log() const {
  // O_NONBLOCK: no wait for a reader of a pipe.
  UniqueFd file(::open(options_.log_file.c_str(),
                       O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC | O_NONBLOCK, 0640));
  if (!file) return false;
  ::fcntl(file.get(), F_SETFL, O_APPEND);
  responder_.log().redirect(std::move(file));
  return true;
}

bool CgiServer::serve_until_stopped() {
  std::atomic<bool> ended = true;
  std::vector<std::thread> threads;
  std::string shortage;
  threads.reserve(loops_.size());
  try {
    for (const auto& loop : loops_) {
      threads.emplace_back([this, &loop, &ended] {
        if (!loop->run(static_cast<int>(svr_sock_))) ended = false;
      });
    }
  } catch (const std::exception& error) {
    shortage = error.what();
    stop_serving();
  }
  for (std::thread& thread : threads) thread.join();
  close_listener();
  const bool as_asked = workers_.end(kLastWork) && ended;
  responder_.log().end();
  if (shortage.empty()) return as_asked;
  throw std::runtime_error("no threads for " + std::to_string(loops_.size()) + " loops: " + shortage +
                           " (try: --loops 1)");
}

// httplib closes it only for a server that it runs itself.  rule: resource/port-is-free-after-the-end
void CgiServer::close_listener() {
  const socket_t listener = svr_sock_.exchange(INVALID_SOCKET);
  if (listener != INVALID_SOCKET) httplib::detail::close_socket(listener);
}

void CgiServer::stop_serving() {  // rule: resource/stop-ends-the-server, resource/stop-leaves-no-script
  responder_.close_all();
  for (const auto& loop : loops_) loop->stop();
}

// Has the loop with the fewest clients serve a new connection.
void CgiServer::accept(EventLoop& loop, UniqueFd socket, Peer peer) {
  EventLoop& fewest = admission_.loop_with_fewest(loop);
  if (&fewest == &loop) {
    serve(loop, std::move(socket), std::move(peer));
  } else {
    const auto client = std::make_shared<std::pair<UniqueFd, Peer>>(std::move(socket), std::move(peer));
    fewest.post([this, &fewest, client] { serve(fewest, std::move(client->first), std::move(client->second)); });
  }
}

// Serves one connection until its end. The frame of a coroutine has room for each object that a statement makes, as
// long as the connection lasts. So functions make the large ones that a client rarely needs.
Served CgiServer::serve(EventLoop& loop, UniqueFd socket, Peer peer) {
  const Entry entry = admission_.enter(loop, peer.address);
  if (entry == Entry::kClosed) co_return;
  const AtEnd at_end([&] { admission_.leave(entry, peer.address); });
  const bool is_admitted = entry == Entry::kServed;
  Client client(loop, std::move(socket));
  Connection& connection = client.connection;
  client.gives_way = is_admitted;
  After next = After::kNextRequest;
  try {  // rule: base/server-survives-any-request
    if (!is_admitted) {
      const std::string response = refusal_of_connection(peer);
      next = co_await client.sent(response) ? After::kLinger : After::kClose;
    }
    // rule: http/nothing-after-connection-close, http/pipelined-requests-in-order
    while (next == After::kNextRequest) {
      // The head. The server skips a few empty lines, which some clients send before a request or after a body. They do
      // not extend the deadline. After more of them `head` is empty. CPython closes the connection at the first one.
      // rule: http/empty-line-before-request-is-skipped, http/empty-lines-are-bounded  (RFC 9112 2.2)
      HeadParser head;
      const auto deadline = from_now(options_.header_timeout);
      Fill arrived = Fill::kData;
      for (int empty_lines = 0; arrived == Fill::kData;) {
        connection.consume(head.consume(connection.buffered()));
        if (!head.done()) {  // rule: http/no-action-before-head-is-complete
          arrived = co_await client.input(deadline);
        } else if (head.empty() && empty_lines++ < kEmptyLines) {
          start_again(head);
        } else {
          break;
        }
      }
      if (arrived == Fill::kBroken) co_return;
      if (arrived != Fill::kData && head.untouched()) co_return;  // rule: http/idle-connection-may-be-closed
      if (arrived == Fill::kEnd) head.end_of_input();
      if (head.empty()) {  // rule: base/empty-first-line-closes
        next = After::kLinger;
        break;
      }

      Request& request = head.request();
      request.remote_addr = peer.address;  // rule: base/log-names-client-by-address
      request.remote_port = peer.port;
      std::optional<Refusal> refused = head.refusal();
      if (arrived == Fill::kTimeout) refused = {408, "Request head not complete in time"};
      Turn turn = refused ? Turn{statics_.refusal(request, *refused)} : begin(request);
      const auto refuse = [&](const Refusal& reason) {
        turn.route.reset();
        turn.reply = statics_.refusal(request, reason);
      };

      // The first part of a body for a script. Until it is here, the request holds no worker. If the client sends
      // nothing for a moment, it may wait for the script to speak: the script starts, if enough places are free.
      // rule: resource/silent-upload-holds-no-place, cgi/script-may-start-before-body
      const bool is_script = turn.route && turn.route->kind == RouteKind::kScript;
      if (is_script) refused = turn.body.take(connection, Fill::kData);
      bool has_waited = false;
      auto early_start = Clock::time_point::max(), busy_until = Clock::now() + kBusy;
      while (is_script && !turn.place && !refused && !turn.body.has_begun(connection)) {
        if (!std::exchange(has_waited, true)) {
          if (!turn.body.is_chunked()) early_start = Clock::now() + kBodyDelay;
          const bool asks = connection.buffered().empty() && responder_.waits_for_continue(request);
          if (asks && !co_await client.sent(kContinue)) co_return;  // rule: http/expect-continue-does-not-wait
        }
        // A long body gives way to another client only if it comes too slowly.
        const auto slowest = std::min(turn.body.wait(connection), early_start);
        const auto before = turn.body.stored();
        arrived = Fill::kTimeout;
        if (turn.body.is_long() && Clock::now() < busy_until) {
          client.gives_way = false;
          arrived = co_await client.input(std::min(slowest, busy_until));
          client.gives_way = is_admitted;
        }
        if (arrived == Fill::kTimeout) arrived = co_await client.input(slowest);
        if (arrived == Fill::kTimeout && early_start != Clock::time_point::max()) {
          early_start = Clock::time_point::max();
          turn.place = scripts_.early_place();
        } else if (!turn.body.is_long()) {
          refused = turn.body.take(connection, arrived);
        } else if (arrived != Fill::kBroken) {
          const auto done = co_await client.worked([&] {
            refused = turn.body.take_more(connection, arrived);
            return arrived == Fill::kBroken ? After::kClose : After::kNextRequest;
          });
          if (!done) refused = no_worker(request);
          if (done == After::kClose) arrived = Fill::kBroken;
        }
        const auto sent = seconds(static_cast<double>(turn.body.stored() - before) / kBusyRate);
        busy_until = std::min(busy_until + sent, Clock::now() + kBusy);
        if (arrived == Fill::kBroken) {
          responder_.log().request(request.remote_addr, request.line, std::nullopt);
          co_return;
        }
      }
      if (turn.route && refused) refuse(*refused);

      if (turn.route) {
        const auto done = co_await client.worked([&] { return finish(connection, request, turn); });
        if (done) {
          next = *done;
        } else {
          refuse(no_worker(request));
        }
      }
      if (!turn.route) next = co_await client.sent(turn.reply.octets) ? turn.reply.next : After::kClose;

      // The server drops the rest of the body, which is no part of the next request.
      while (next == After::kNextRequest && !turn.body.drop(connection)) {
        const bool goes_on = turn.body.can_be_dropped();
        if (!goes_on || co_await client.input(turn.body.wait(connection)) != Fill::kData) next = After::kLinger;
      }
    }

    // Ends the connection so that the last response arrives: sends no more, and drops what the client still sends,
    // within bounds. An early close would reset the connection, and the client would lose the response.
    // rule: http/early-error-is-not-lost, http/close-cuts-nothing-off  (RFC 9112 9.6)
    if (next == After::kClose) co_return;
    ::shutdown(connection.socket(), SHUT_WR);
    const auto deadline = Clock::now() + (is_admitted ? kLinger : kShortLinger);
    const auto most = connection.received() + kLingerOctets;
    do {
      connection.consume(connection.buffered().size());
    } while (connection.received() < most && co_await client.input(deadline) == Fill::kData);
  } catch (const std::exception& error) {
    responder_.log().note(peer.address, std::string("connection given up: ") + error.what());
  }
}

std::string CgiServer::refusal_of_connection(const Peer& peer) const {
  Request request;
  request.remote_addr = peer.address;
  return responder_.refusal(request, {503, "Too many connections"});
}

Refusal CgiServer::no_worker(const Request& request) const {
  responder_.log().note(request.remote_addr, "no thread can be had for this request");
  return {503, "Too many requests are under way"};
}

// Decides about a request. Answers at once what needs no body and little time.
CgiServer::Turn CgiServer::begin(Request& request) {
  request.uri = request.target;
  const bool by_the_rfc = options_.profile == Profile::kRfc3875;
  if (by_the_rfc) {  // rule: base/no-field-is-required
    if (const auto refused = apply_http11_rules(request)) {
      if (request.is_simple()) request.version = "HTTP/1.0";  // the refusal of HTTP/0.9 has a head
      return {statics_.refusal(request, *refused)};
    }
  }
  if (!options_.allowed_hosts.empty() && !is_for_host(request, options_.allowed_hosts)) {
    return {statics_.refusal(request, {421, "This server is not for that host"})};
  }
  const auto framed = framing_of(request);
  if (const auto* refused = std::get_if<Refusal>(&framed)) return {statics_.refusal(request, *refused)};
  const Framing framing = std::get<Framing>(framed);
  const bool has_body = framing.chunked || framing.length > 0;
  if (!has_body && (request.method == "GET" || request.method == "HEAD")) {
    if (auto reply = statics_.stored_reply(request)) return {*std::move(reply)};
  }

  Route route = find_route(request, root_, options_.cgi_directories, by_the_rfc);
  const bool is_script = route.kind == RouteKind::kScript;
  if (is_script) {
    if (const auto refused = scripts_.early_refusal(framing)) return {statics_.refusal(request, *refused)};
  }
  RequestBody body(framing, options_.max_body, Pace(seconds(options_.header_timeout)), &spool_);
  const bool is_large_file = route.kind == RouteKind::kFile && is_large(route.status.st_size);
  if (!is_script && !is_large_file && route.kind != RouteKind::kListing) {
    return {.reply = statics_.reply(request, route), .body = std::move(body)};
  }
  return {.route = std::move(route), .body = std::move(body)};
}

// Follows a route on a worker, to the end of the response.
After CgiServer::finish(Connection& client, Request& request, Turn& turn) try {
  Route route = std::move(*turn.route);
  RequestBody none;
  for (int hop = 0; route.kind == RouteKind::kScript; ++hop) {
    const ScriptOutcome outcome =
        scripts_.run(client, request, route, hop == 0 ? turn.body : none, std::move(turn.place));
    if (outcome.local_location.empty()) return outcome.next;
    // A local redirect: answers as if the client had sent GET for that target, without a body.
    // rule: cgi/local-redirect-runs-script-as-get, cgi/local-redirect-gains-no-access, cgi/local-redirect-loops-end
    // rule: disclosure/redirect-by-script  (RFC 3875 6.2.2)
    if (hop == kRedirects) return responder_.refuse(client, request, {500, "Too many local redirects"});
    if (request.method != "HEAD") request.method = "GET";
    request.target = outcome.local_location;
    std::erase_if(request.fields, [](const Field& field) { return is_one_of(kBodyFields, field.name); });
    if (outcome.next != After::kNextRequest) request.fields.push_back({"Connection", "close"});
    route = find_route(request, root_, options_.cgi_directories, options_.profile == Profile::kRfc3875);
  }
  // rule: seed/files-and-scripts-on-one-port, seed/file-or-script-output-never-both
  Reply answer = statics_.reply(request, route);
  if (!client.send_all(answer.octets)) return After::kClose;
  if (answer.file && !client.send_file(answer.file.get(), answer.length)) return After::kClose;
  return answer.next;
} catch (const std::exception& error) {
  responder_.log().note(request.remote_addr, std::string("connection given up: ") + error.what());
  return After::kClose;
}

}  // namespace cgi
