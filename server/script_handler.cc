#include "script_handler.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "quote.h"
#include "raw_response.h"
#include "response_head.h"
#include "script_exchange.h"
#include "server_identity.h"
#include "version.h"

namespace cgi {
namespace {

constexpr std::uint64_t kDiscardLimit = 1 << 20;  // of an unwanted body, to keep the connection

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

Clock::time_point from_now(double seconds) {
  return Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
}

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

ScriptHandler::ScriptHandler(const Options& options, const DocumentRoot& root, const Responder& responder,
                             std::optional<Account> account)
    : options_(options),
      root_(root),
      responder_(responder),
      account_(std::move(account)),
      passed_on_(passed_environment(options)),
      identity_{kServerSoftware, host_name(options.bind), 0, options.protocol, root.path()} {}

After ScriptHandler::run(Connection& client, const Request& request, const Route& route, const Framing& framing) {
  auto refuse = [&](const Refusal& refusal) { return responder_.refuse(client, request, refusal); };
  const Place place(running_, options_.max_scripts);
  if (!place) return refuse({503, "Too many scripts are running"});
  if (framing.length > options_.max_body) return refuse({413, "Request body is too large"});

  // A client that waits to be asked for the body is asked once a script is there to read it.  base-29, http-74.
  const bool persistent = responder_.is_persistent() && (request.major > 1 || request.minor >= 1);
  const bool waits = persistent && client.buffered().empty() && has_token(request, "Expect", "100-continue");
  auto ask_for_body = [&] { return !waits || client.send_all("HTTP/1.1 100 Continue\r\n\r\n"); };
  const auto deadline = options_.script_timeout > 0 ? from_now(options_.script_timeout) : Clock::time_point::max();

  RequestBody body(framing.length);
  std::string content_length = framing.announced ? std::to_string(framing.length) : "";
  if (framing.chunked) {
    if (!ask_for_body()) return After::kClose;
    if (auto refusal = RequestBody::put_aside(client, options_.max_body, deadline, body)) return refuse(*refusal);
    content_length = std::to_string(body.stored());
  }
  Script script;
  if (auto refusal = start(request, route, content_length, script)) return refuse(*refusal);
  if (body.from_client() > 0 && !ask_for_body()) return After::kClose;

  const bool framed = persistent && responder_.stays_open(request);
  std::string head = responder_.begin(request, 200, "Script output follows");
  if (persistent && !framed) add_field(head, "Connection", "close");
  if (request.is_simple()) head.clear();
  RawResponse response(std::move(head), framed ? Delimiting::kFramed : Delimiting::kClose, request.method == "HEAD");
  const ExchangeResult result = run_exchange(client, script, body, response, deadline);

  auto note = [&](const std::string& text) { responder_.log().note(request.remote_addr, "CGI script " + text); };
  const std::string quoted = python_repr(route.script.script_name);
  if (result.end == ExchangeEnd::kClientGone) note(quoted + " was ended: the client is gone");
  if (result.end == ExchangeEnd::kTimeout) note(quoted + " was ended: it ran over the time limit (--script-timeout)");
  if (result.end != ExchangeEnd::kDone) return After::kClose;
  if (const std::string text = exit_text(result.exit_status); !text.empty()) note(text);

  Framing unread;
  unread.length = body.from_client();
  if (framed && response.keeps_connection() && discard_body(client, unread, from_now(options_.header_timeout))) {
    return After::kNextRequest;
  }
  return unread.length > 0 ? After::kLinger : After::kClose;
}

std::optional<Refusal> ScriptHandler::start(const Request& request, const Route& route, std::string_view content_length,
                                            Script& script) const {
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
  return explain(request, route, *failure, error);
}

// The words for the client, and those for the operator, who can do something about it.
Refusal ScriptHandler::explain(const Request& request, const Route& route, StartFailure failure, int error) const {
  const std::string& name = route.script.script_name;
  const std::string quoted = " (" + python_repr(name) + ")";
  const std::string user = account_ ? account_->name : "the user of the server";
  auto note = [&](const std::string& text) {
    responder_.log().note(request.remote_addr, "script \"" + name + "\" " + text);
  };
  switch (failure) {
    case StartFailure::kNotExecutable:
      note("is not executable for " + user + " (chmod +rx it; that user must reach its directory, too)");
      return {403, "CGI script is not executable" + quoted};
    case StartFailure::kCannotExecute:
      note(std::string("cannot be executed: ") + std::strerror(error) + " (does its first line name an interpreter?)");
      return {403, "CGI script cannot be executed" + quoted};
    case StartFailure::kPrivileges:
      note("was not run, since becoming " + user + " failed: " + std::strerror(error));
      return {500, "CGI script cannot be run without privileges"};
    case StartFailure::kNoResources:
      break;
  }
  note(std::string("was not run: ") + std::strerror(error));
  return {503, "No process to be had for the CGI script"};
}

}  // namespace cgi
