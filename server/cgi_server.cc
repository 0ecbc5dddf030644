#include "cgi_server.h"

#include <fcntl.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <exception>
#include <fstream>
#include <iterator>
#include <thread>
#include <utility>

#include "elastic_pool.h"
#include "error_page.h"
#include "listing.h"
#include "quote.h"
#include "request_body.h"
#include "response_head.h"
#include "script_exchange.h"
#include "script_response.h"
#include "static_file.h"
#include "version.h"

extern char** environ;

namespace cgi {
namespace {

constexpr int kBacklog = 1024;                   // httplib before 0.52 asks for 5
constexpr std::size_t kThreadsForRefusals = 16;  // beyond those that serve connections
constexpr int kBlankLines = 4;                   // between two requests of a connection
constexpr std::uint64_t kDiscardLimit = 1 << 20;  // of an unwanted body, to keep the connection

Clock::time_point after(double seconds) {
  return Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
}

// The host name of the bound address, as socket.getfqdn() finds it; the address itself if it has none.
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

// Names that only a request may set: one left over in the server's own environment would pass for it.
bool is_for_requests(std::string_view name) {
  return name.starts_with("HTTP_") || name.starts_with("REMOTE_") || name.starts_with("CONTENT_") ||
         name.starts_with("SERVER_") || name.starts_with("REQUEST_") || name.starts_with("SCRIPT_") ||
         name.starts_with("PATH_") || name == "QUERY_STRING" || name == "GATEWAY_INTERFACE" || name == "AUTH_TYPE" ||
         name == "HTTPS";
}

// What scripts get of the server's environment. A PATH is always among it.
Environment passed_environment(const Options& options) {
  Environment passed;
  bool has_path = false;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const std::string name(text.substr(0, text.find('=')));
    const bool named = std::find(options.pass_env.begin(), options.pass_env.end(), name) != options.pass_env.end();
    if (name.size() == text.size() || !(named || options.inherit_env) || is_for_requests(name)) continue;
    has_path = has_path || name == "PATH";
    passed.emplace_back(name, text.substr(name.size() + 1));
  }
  if (!has_path) passed.emplace_back("PATH", "/usr/local/bin:/usr/bin:/bin");
  return passed;
}

// Whether the comma-separated values of field `name` hold `token`, in any case. RFC 9110 5.6.1.
bool has_token(const Request& request, std::string_view name, std::string_view token) {
  auto same = [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; };
  for (std::string_view value : request.values(name)) {
    while (!value.empty()) {
      const std::size_t comma = std::min(value.find(','), value.size());
      std::string_view item = value.substr(0, comma);
      while (!item.empty() && (item.front() == ' ' || item.front() == '\t')) item.remove_prefix(1);
      while (!item.empty() && (item.back() == ' ' || item.back() == '\t')) item.remove_suffix(1);
      if (std::equal(item.begin(), item.end(), token.begin(), token.end(), same)) return true;
      value.remove_prefix(std::min(comma + 1, value.size()));
    }
  }
  return false;
}

enum class Got { kHead, kNothing, kTooLate };

// Reads the head of the next request; kNothing if the client left, or was idle until `deadline`.
Got read_head(Connection& client, HeadParser& head, Clock::time_point deadline) {
  for (;;) {
    client.consume(head.consume(client.buffered()));
    if (head.done()) return Got::kHead;
    const Fill result = client.fill(deadline);
    if (result == Fill::kData) continue;
    if (head.untouched() || result == Fill::kBroken) return Got::kNothing;
    if (result == Fill::kTimeout) return Got::kTooLate;
    head.end_of_input();
    return Got::kHead;
  }
}

// Reads a body that nobody wants, so that the next request can be found behind it. False if it is too long for
// that, or broken.  http-52, http-73.
bool discard_body(Connection& client, const Framing& framing, Clock::time_point deadline) {
  if (framing.chunked) {
    RequestBody unwanted;
    return !RequestBody::put_aside(client, kDiscardLimit, deadline, unwanted);
  }
  if (framing.length > kDiscardLimit) return false;
  for (std::uint64_t left = framing.length; left > 0;) {
    if (client.buffered().empty() && client.fill(deadline) != Fill::kData) return false;
    const std::size_t count = static_cast<std::size_t>(std::min<std::uint64_t>(left, client.buffered().size()));
    client.consume(count);
    left -= count;
  }
  return true;
}

bool begins_with_interpreter_line(const UniqueFd& file) {
  std::array<char, 2> start{};
  return ::pread(file.get(), start.data(), start.size(), 0) == 2 && start[0] == '#' && start[1] == '!';
}

// Holds one of a limited number of places.
class Place {
 public:
  Place(std::atomic<std::size_t>& taken, std::size_t limit) : taken_(taken), granted_(taken.fetch_add(1) < limit) {}
  ~Place() { --taken_; }
  Place(const Place&) = delete;
  explicit operator bool() const { return granted_; }

 private:
  std::atomic<std::size_t>& taken_;
  const bool granted_;
};

}  // namespace

CgiServer::CgiServer(const cgi::Options& options, const DocumentRoot& root, std::optional<Account> account)
    : options_(options),
      root_(root),
      account_(std::move(account)),
      identity_{kServerSoftware, host_name(options.bind), 0, options.protocol, root.path()},
      passed_on_(passed_environment(options)),
      log_(options.log_format) {
  std::ifstream file("/etc/mime.types", std::ios::binary);
  if (file) types_.add(std::string(std::istreambuf_iterator<char>(file), {}));
  new_task_queue = [this] { return new ElasticPool(options_.max_connections + kThreadsForRefusals); };
  // httplib's default is SO_REUSEPORT, with which a second server takes half of the connections, silently.
  set_socket_options([](socket_t socket) {
    const int on = 1;
    ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    ::fcntl(socket, F_SETFD, FD_CLOEXEC);
  });
}

int CgiServer::bind() {
  errno = 0;
  const int wanted = identity_.port != 0 ? identity_.port : options_.port;
  int port = wanted;
  if (wanted == 0) {
    port = bind_to_any_port(options_.bind);
  } else if (!bind_to_port(options_.bind, wanted)) {
    port = -1;
  }
  if (port > 0) {
    ::listen(svr_sock_, kBacklog);
    identity_.port = port;
  }
  return port;
}

bool CgiServer::serve_until_stopped() {
  // httplib ends its accept loop for good on errors that pass (a connection aborted before it was accepted,
  // a full file table), and closes the listening socket: open it again.
  while (!stopping_) {
    if (listen_after_bind() && stopping_) return true;
    for (int attempt = 0; !stopping_ && bind() < 0; ++attempt) {
      if (attempt == 100) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
  }
  return true;
}

void CgiServer::stop_serving() {
  stopping_ = true;
  // Before the accept loop runs, stop() does nothing, and it may be called once only.
  while (!is_running()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  stop();
  std::lock_guard lock(mutex_);
  for (socket_t socket : connections_) ::shutdown(socket, SHUT_RDWR);
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
  // httplib's queue does not catch: what escapes here would end the server.
  try {
    if (full) {
      int port = 0;
      Request request;
      client.get_remote_ip_and_port(request.remote_addr, port);
      refuse(client, request, {503, "Too many connections"});
      client.linger(std::chrono::milliseconds(200));
    } else {
      serve(client);
    }
  } catch (const std::exception& error) {
    log_.note("-", std::string("connection given up: ") + error.what());
  }
  std::lock_guard lock(mutex_);
  if (!full) connections_.erase(socket);
  return true;
}

// One connection, from its first byte to its last.
void CgiServer::serve(Connection& client) {
  std::string address;
  int port = 0;
  client.get_remote_ip_and_port(address, port);

  After next = After::kNextRequest;
  for (int blank_lines = -1; next == After::kNextRequest;) {
    HeadParser head;
    const Got got = read_head(client, head, after(options_.header_timeout));
    if (got == Got::kNothing) return;
    Request& request = head.request();
    request.remote_addr = address;
    request.remote_port = port;
    if (head.empty()) {
      // Ahead of the first request CPython takes an empty line for the end; between two, clients are allowed it.
      if (blank_lines < 0 || ++blank_lines > kBlankLines) return client.linger();
      continue;
    }
    blank_lines = 0;
    if (got == Got::kTooLate) {
      next = refuse(client, request, {408, "Request head not complete in time"});
    } else if (head.refusal()) {
      next = refuse(client, request, *head.refusal());
    } else {
      next = answer(client, request);
    }
  }
  if (next == After::kLinger || !client.buffered().empty()) client.linger();
}

CgiServer::After CgiServer::answer(Connection& client, Request& request) {
  const auto framing = framing_of(request);
  if (const auto* refusal = std::get_if<Refusal>(&framing)) return refuse(client, request, *refusal);
  const Framing& body = std::get<Framing>(framing);

  const Route route = find_route(request, root_, options_.cgi_directories);
  After next = After::kClose;
  switch (route.kind) {
    case RouteKind::kRefusal:
      return refuse(client, request, route.refusal);
    case RouteKind::kScript:
      return run_script(client, request, route, body);
    case RouteKind::kRedirect:
      next = redirect(client, request, route.location);
      break;
    case RouteKind::kListing:
      next = send_listing(client, request, route);
      break;
    case RouteKind::kFile:
      next = send_file(client, request, route);
      break;
  }
  if (!body.chunked && body.length == 0) return next;
  if (next == After::kNextRequest && discard_body(client, body, after(options_.header_timeout))) return next;
  return After::kLinger;
}

CgiServer::After CgiServer::run_script(Connection& client, const Request& request, const Route& route,
                                       const Framing& framing) {
  const Place place(scripts_, options_.max_scripts);
  if (!place) return refuse(client, request, {503, "Too many scripts are running"});
  if (framing.length > options_.max_body) return refuse(client, request, {413, "Request body is too large"});

  const bool both_newer = options_.protocol == "HTTP/1.1" && (request.major > 1 || request.minor >= 1);
  const bool waits = both_newer && client.buffered().empty() && has_token(request, "Expect", "100-continue");
  auto go_on = [&] { return !waits || client.send_all("HTTP/1.1 100 Continue\r\n\r\n"); };

  RequestBody body(framing.length);
  std::string content_length = framing.announced ? std::to_string(framing.length) : "";
  if (framing.chunked) {
    if (!go_on()) return After::kClose;
    const auto deadline = after(options_.header_timeout);
    if (auto refusal = RequestBody::put_aside(client, options_.max_body, deadline, body)) {
      return refuse(client, request, *refusal);
    }
    content_length = std::to_string(body.stored());
  }
  Script script;
  if (auto refusal = start_script(request, route, content_length, script)) return refuse(client, request, *refusal);
  if (body.from_client() > 0 && !go_on()) return After::kClose;

  const bool framed = both_newer && stays_open(request);
  std::string head = begin_response(request, 200, "Script output follows");
  if (!framed && both_newer) add_field(head, "Connection", "close");
  if (request.is_simple()) head.clear();
  ScriptResponse response(std::move(head), framed ? Delimiting::kFramed : Delimiting::kClose, request.method == "HEAD");
  const auto deadline = options_.script_timeout > 0 ? after(options_.script_timeout) : Clock::time_point::max();
  const ExchangeResult result = run_exchange(client, script, body, response, deadline);

  const std::string quoted = python_repr(route.script.script_name);
  switch (result.end) {
    case ExchangeEnd::kClientGone:
      log_.note(request.remote_addr, "CGI script " + quoted + " was ended: the client is gone");
      return After::kClose;
    case ExchangeEnd::kTimeout:
      log_.note(request.remote_addr, "CGI script " + quoted + " was ended: it ran over the time limit (--script-timeout)");
      return After::kLinger;
    case ExchangeEnd::kDone:
      break;
  }
  if (const std::string text = exit_text(result.exit_status); !text.empty()) {
    log_.note(request.remote_addr, "CGI script " + text);
  }
  Framing unread;
  unread.length = body.from_client();
  if (framed && response.keeps_connection() &&
      discard_body(client, unread, after(options_.header_timeout))) {
    return After::kNextRequest;
  }
  return unread.length > 0 ? After::kLinger : After::kClose;
}

std::optional<Refusal> CgiServer::start_script(const Request& request, const Route& route,
                                               std::string_view content_length, Script& script) {
  ScriptCommand command;
  command.file = root_.translated(route.path);
  command.arguments = script_arguments(route.query);
  command.arguments.insert(command.arguments.begin(), route.path.substr(route.path.rfind('/') + 1));
  command.environment =
      as_strings(meta_variables(request, route.query, route.script, content_length, identity_, passed_on_));
  command.account = account_ ? &*account_ : nullptr;
  // An interpreter opens the script again, as the user it runs as; what everybody can read needs no look.
  command.is_interpreted = (route.status.st_mode & S_IROTH) == 0 &&
                           begins_with_interpreter_line(root_.open(route.path, O_RDONLY | O_NONBLOCK));

  int error = 0;
  const auto failure = Script::start(command, script, error);
  if (!failure) return std::nullopt;
  const std::string name = route.script.script_name;
  const std::string quoted = "(" + python_repr(name) + ")";
  const std::string user = account_ ? " for " + account_->name : "";
  auto explain = [&](const std::string& what) { log_.note(request.remote_addr, "script \"" + name + "\" " + what); };
  switch (*failure) {
    case StartFailure::kNotExecutable:
      explain("is not executable" + user + " (chmod +rx it, and let that user into the directories above)");
      return Refusal{403, "CGI script is not executable " + quoted};
    case StartFailure::kCannotExecute:
      explain(std::string("cannot be executed: ") + std::strerror(error) + " (does its first line name an interpreter?)");
      return Refusal{403, "CGI script cannot be executed " + quoted};
    case StartFailure::kPrivileges:
      explain("was not run: cannot become " + (account_ ? account_->name : "") + ": " + std::strerror(error));
      return Refusal{500, "CGI script cannot be run without privileges"};
    case StartFailure::kNoResources:
      explain(std::string("was not run: ") + std::strerror(error));
      break;
  }
  return Refusal{503, "No process to be had for the CGI script"};
}

CgiServer::After CgiServer::send_file(Connection& client, const Request& request, const Route& route) {
  if (is_not_modified(request, route.status.st_mtime)) {
    std::string head = begin_response(request, 304, "Not Modified");
    const After next = end_head(request, head);
    return client.send_all(head) ? next : After::kClose;
  }
  std::string head = begin_response(request, 200, "OK");
  add_file_fields(head, route, types_);
  const After next = end_head(request, head);
  const bool sent =
      request.method == "HEAD" ? client.send_all(head) : send_file_response(client, std::move(head), route);
  return sent ? next : After::kClose;
}

CgiServer::After CgiServer::send_listing(Connection& client, const Request& request, const Route& route) {
  const auto page = directory_page(request, route, root_);
  if (!page) return refuse(client, request, {404, "No permission to list directory"});
  std::string head = begin_response(request, 200, "OK");
  add_field(head, "Content-type", kListingContentType);
  add_field(head, "Content-Length", std::to_string(page->size()));
  const After next = end_head(request, head);
  if (request.method != "HEAD") head.append(*page);
  return client.send_all(head) ? next : After::kClose;
}

CgiServer::After CgiServer::redirect(Connection& client, const Request& request, const std::string& location) {
  std::string head = begin_response(request, 301, "Moved Permanently");
  add_field(head, "Location", location);
  add_field(head, "Content-Length", "0");
  const After next = end_head(request, head);
  return client.send_all(head) ? next : After::kClose;
}

CgiServer::After CgiServer::refuse(Connection& client, const Request& request, const Refusal& refusal) {
  log_.refusal(request.remote_addr, refusal.status, refusal.reason);
  const std::string page = error_page(refusal.status, refusal.reason);
  std::string head = begin_response(request, refusal.status, refusal.reason);
  add_field(head, "Connection", "close");
  add_field(head, "Content-Type", kErrorContentType);
  add_field(head, "Content-Length", std::to_string(page.size()));
  head.append("\r\n");
  // A request refused before it was understood is told so in full, whatever version it claims (base-7, base-8).
  if (request.is_simple() && request.method == "GET") head.clear();
  if (request.method != "HEAD") head.append(page);
  client.send_all(head);
  return After::kLinger;
}

std::string CgiServer::begin_response(const Request& request, int status, std::string_view reason) const {
  log_.request(request.remote_addr, request.line, status);
  return response_head(options_.protocol, status, reason, std::time(nullptr));
}

CgiServer::After CgiServer::end_head(const Request& request, std::string& head) const {
  const bool stays = stays_open(request);
  const bool old_client = request.major == 1 && request.minor == 0;
  if (stays && old_client) add_field(head, "Connection", "keep-alive");
  if (!stays && options_.protocol == "HTTP/1.1") add_field(head, "Connection", "close");
  head.append("\r\n");
  if (request.is_simple()) head.clear();
  return stays ? After::kNextRequest : After::kClose;
}

bool CgiServer::stays_open(const Request& request) const {
  if (options_.protocol != "HTTP/1.1" || request.is_simple() || stopping_) return false;
  if (has_token(request, "Connection", "close")) return false;
  return request.major > 1 || request.minor >= 1 || has_token(request, "Connection", "keep-alive");
}

}  // namespace cgi
