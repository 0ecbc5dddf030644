#include "script_handler.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <ctime>
#include <optional>
#include <string>
#include <utility>

#include "cgi11_response.h"
#include "quote.h"
#include "refused_output.h"
#include "response_head.h"
#include "script_exchange.h"
#include "server_identity.h"
#include "uninterpreted_response.h"
#include "version.h"

namespace cgi {
namespace {

constexpr std::uint64_t kDiscardLimit = 1 << 20;  // of an unwanted body, to keep the connection

// Descriptors that are open at most: what the defaults need is more than the 1024 that are usual.
constexpr std::size_t kDescriptors = 64;
constexpr std::size_t kPerConnection = 3;  // itself, a file, a body that was put aside
constexpr std::size_t kPerScript = 5;      // its process, two pipes, and their other ends for a moment

const Refusal kNoPlace = {503, "Too many scripts are running"};

bool begins_with_interpreter_line(const UniqueFd& file) {
  std::array<char, 2> start{};
  return ::pread(file.get(), start.data(), start.size(), 0) == 2 && start[0] == '#' && start[1] == '!';
}

// Logs the request when its head goes out. The script may run on, and its client may leave.
// rule: log/request-of-gone-client-is-logged
class LoggedResponse : public Cgi11Response {
 public:
  LoggedResponse(ResponseTerms terms, const AccessLog& log, const Request& request)
      : Cgi11Response(std::move(terms)), log_(log), request_(request) {}

  std::string flush() override {
    const bool was_unsent = is_unsent();
    std::string out = Cgi11Response::flush();
    if (was_unsent && !is_unsent()) log_.request(request_.remote_addr, request_.line, head()->status);
    return out;
  }

 private:
  const AccessLog& log_;
  const Request& request_;
};

}  // namespace

Clock::time_point from_now(double seconds) {
  return Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
}

// rule: base/unread-body-is-discarded, resource/unread-body-goes-in-bulk
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
      descriptors_(make_room_for_descriptors(kDescriptors + kPerConnection * options.max_connections +
                                             kPerScript * options.max_scripts)),
      identity_{kServerSoftware, host_name(options.bind), 0, options.protocol, root.path()},
      places_(options.max_scripts) {}

ScriptOutcome ScriptHandler::run(Connection& client, const Request& request, const Route& route,
                                 const Framing& framing) {
  auto refuse = [&](const Refusal& refusal) { return ScriptOutcome{responder_.refuse(client, request, refusal), ""}; };
  if (framing.length > options_.max_body) return refuse({413, "Request body is too large"});
  if (!places_.any()) return refuse(kNoPlace);  // before a body is taken in; the place itself is taken by the script

  // A client that waits to be asked for the body is asked once a script is there to read it.
  // rule: base/continue-in-http-1-1-only, http/expect-continue-does-not-wait
  const bool waits = responder_.is_persistent() && request.is_current() && client.buffered().empty() &&
                     has_token(request, "Expect", "100-continue");
  auto ask_for_body = [&] { return !waits || client.send_all("HTTP/1.1 100 Continue\r\n\r\n"); };
  auto deadline = [&] {
    return options_.script_timeout > 0 ? from_now(options_.script_timeout) : Clock::time_point::max();
  };

  // The client left before it got a status line.
  auto log_unanswered = [&] { responder_.log().request(request.remote_addr, request.line, std::nullopt); };
  auto give_up = [&] {
    log_unanswered();
    return ScriptOutcome{};
  };

  RequestBody body(framing.length);
  std::string content_length = framing.announced ? std::to_string(framing.length) : "";
  if (framing.chunked) {
    if (!ask_for_body()) return give_up();
    if (auto refusal = RequestBody::put_aside(client, options_.max_body, deadline(), body)) return refuse(*refusal);
    content_length = std::to_string(body.stored());
  }
  Script script;
  if (auto refusal = start(request, route, content_length, script)) return refuse(*refusal);
  if (body.from_client() > 0 && !ask_for_body()) return give_up();

  const auto response = writer_for(request, route);
  const ExchangeResult result = run_exchange(client, script, body, *response, deadline());
  const auto* document = dynamic_cast<Cgi11Response*>(response.get());

  auto note = [&](const std::string& text) { responder_.log().note(request.remote_addr, "CGI script " + text); };
  const std::string quoted = python_repr(route.script.script_name);
  if (result.end == ExchangeEnd::kTimeout) note(quoted + " was ended: it ran over the time limit (--script-timeout)");
  // CPython's words, so that a search for them finds this line; the script follows.  rule: log/exit-names-the-script
  if (const std::string text = exit_text(result.exit_status); result.end == ExchangeEnd::kDone && !text.empty()) {
    note(text + ": " + quoted);
  }
  // The client may have ended its side only: what was sent must reach it, whatever of its body is left unread.
  if (result.end == ExchangeEnd::kClientGone) {
    if (document != nullptr && document->is_unsent()) log_unanswered();
    note(quoted + " was ended: " + (responder_.is_closing() ? "the server stops" : "the client is gone"));
    return {After::kLinger, ""};
  }

  Framing unread;
  unread.length = body.from_client();
  if (document != nullptr) {
    if (document->is_unsent() && result.end == ExchangeEnd::kTimeout && document->problem().empty()) {
      return refuse({504, "CGI script took too long"});
    }
    if (document->is_unsent() && document->head() && document->problem().empty()) {
      const bool clean = discard_body(client, unread, from_now(options_.header_timeout));
      return {clean ? After::kNextRequest : After::kLinger, document->head()->local_location};
    }
    if (document->is_unsent()) {
      note(quoted + " gave no response: " + document->problem());
      for (const std::string& line : refused_lines(document->refused())) note(quoted + " printed: " + line);
      return refuse({500, "CGI script gave no valid response"});
    }
  }
  if (result.end == ExchangeEnd::kTimeout) return {After::kLinger, ""};
  if (response->keeps_connection() && discard_body(client, unread, from_now(options_.header_timeout))) {
    return {After::kNextRequest, ""};
  }
  return {After::kLinger, ""};
}

// Who turns the script's output into a response: nobody for a script that prints a whole one ("nph-…", RFC 3875
// 5), CGI/1.1 in its profile, and otherwise a status line ahead of everything.
// rule: cgi/nph-may-be-supported, cgi/nph-output-is-unmodified, seed/script-response-is-200
std::unique_ptr<ResponseWriter> ScriptHandler::writer_for(const Request& request, const Route& route) const {
  const bool head_only = request.method == "HEAD";
  const bool stays = responder_.stays_open(request);
  if (options_.profile == Profile::kRfc3875) {
    if (route.path.find("/nph-", route.path.rfind('/')) != std::string::npos) {
      responder_.log().request(request.remote_addr, request.line, 200);
      return std::make_unique<UninterpretedResponse>("", Delimiting::kClose, false);
    }
    return std::make_unique<LoggedResponse>(
        ResponseTerms{server_fields(std::time(nullptr)), head_only, request.is_current(), stays}, responder_.log(),
        request);
  }
  const bool framed = request.is_current() && stays;
  std::string head = responder_.begin(request, 200, "Script output follows");
  if (responder_.is_persistent() && !framed) add_field(head, "Connection", "close");
  if (request.is_simple()) head.clear();
  return std::make_unique<UninterpretedResponse>(std::move(head), framed ? Delimiting::kFramed : Delimiting::kClose,
                                                 head_only);
}

std::optional<Refusal> ScriptHandler::start(const Request& request, const Route& route, std::string_view content_length,
                                            Script& script) {
  ScriptCommand command;
  command.file = root_.translated(route.path);
  const std::size_t name = route.path.rfind('/') + 1;
  const ScriptRequest from{request, route.query, route.script, content_length, identity_};
  if (options_.profile == Profile::kRfc3875) {
    command.directory = root_.translated(route.path.substr(0, name));
    command.arguments = cgi11_arguments(request.method, route.query);
    command.environment = as_strings(cgi11_variables(from, passed_on_));
  } else {
    command.arguments = cgihttpserver_arguments(route.query);
    command.environment = as_strings(cgihttpserver_variables(from, passed_on_));
  }
  // rule: environment/authorization-by-option
  if (const auto value = credentials(request); options_.pass_authorization && value) {
    command.environment.push_back("HTTP_AUTHORIZATION=" + std::string(*value));
  }
  command.arguments.insert(command.arguments.begin(), route.path.substr(name));
  command.account = account_ ? &*account_ : nullptr;
  command.places = &places_;
  command.descriptors = &descriptors_;
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
    case StartFailure::kNoPlace:
      return kNoPlace;
    case StartFailure::kNoResources:
      break;
  }
  note(std::string("was not run: ") + std::strerror(error));
  return {503, "No process to be had for the CGI script"};
}

}  // namespace cgi
