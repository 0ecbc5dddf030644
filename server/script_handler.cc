#include "script_handler.h"

#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <ctime>
#include <system_error>
#include <utility>

#include "cgi11_response.h"
#include "passed_environment.h"
#include "quote.h"
#include "response_head.h"
#include "script_lines.h"
#include "uninterpreted_response.h"
#include "version.h"

namespace cgi {
namespace {

// The server needs at most so many descriptors. The defaults need more than the usual limit of 1024.
constexpr std::size_t kDescriptors = 64;
constexpr std::size_t kPerLoop = 2;
constexpr std::size_t kPerConnection = 3;  // the socket, a file, a stored body
constexpr std::size_t kPerScript = 10;     // both ends of five pipes: input, output, errors, end, report

constexpr int kLookups = 3;  // of a script that others replace meanwhile

const Refusal kNoPlace = {503, "Too many scripts are running"};

// Returns the name of the server for requests that name no host: the host name of the bound address, as
// socket.getfqdn() does; the address itself if it has no name.  rule: base/server-name-and-port-are-set
std::string host_name(const std::string& bound) {
  std::array<char, 256> own{};
  const bool any = bound == "0.0.0.0" || bound == "::";
  if (any && ::gethostname(own.data(), own.size() - 1) == 0) return own.data();
  addrinfo* found = nullptr;
  if (::getaddrinfo(bound.c_str(), nullptr, nullptr, &found) != 0) return bound;
  std::array<char, NI_MAXHOST> name{};
  const int result = ::getnameinfo(found->ai_addr, static_cast<socklen_t>(found->ai_addrlen), name.data(), name.size(),
                                   nullptr, 0, NI_NAMEREQD);
  ::freeaddrinfo(found);
  return result == 0 ? name.data() : bound;
}

bool begins_with_interpreter_line(const UniqueFd& file) {
  std::array<char, 2> start{};
  return ::pread(file.get(), start.data(), start.size(), 0) == 2 && start[0] == '#' && start[1] == '!';
}

}  // namespace

ScriptHandler::ScriptHandler(const Options& options, const DocumentRoot& root, const Responder& responder,
                             std::optional<Account> account)
    : options_(options),
      root_(root),
      responder_(responder),
      account_(std::move(account)),
      passed_on_(passed_environment(options)),
      limits_(limits_of_scripts(options.script_limits, kDescriptors + kPerLoop * options.loops +
                                                           kPerConnection * options.max_connections +
                                                           kPerScript * options.max_scripts)),
      identity_{kServerSoftware, host_name(options.bind), 0, options.protocol, root.path()},
      places_(options.max_scripts) {}

std::optional<Refusal> ScriptHandler::early_refusal(const Framing& framing) const {
  if (framing.length > options_.max_body) return Refusal{413, "Request body is too large"};
  if (!places_.any()) return kNoPlace;
  return std::nullopt;
}

ScriptOutcome ScriptHandler::run(Connection& client, const Request& request, Route& route, RequestBody& body,
                                 ScriptPlace place) {
  const Call call{client, request, route, script_deadline()};
  // rule: cgi/script-may-start-before-body, cgi/nph-gets-body-as-sent
  Script script;
  if (const auto refusal = start(call, body, std::move(place), script)) return refuse(call, *refusal);

  const auto response = response_for(call);
  const auto log_error = [&](const std::string& line) {
    note(call, python_repr(route.script.script_name) + " says: " + line);
  };
  const ExchangeResult result =
      run_exchange(client, script, body, *response, {log_error, call.deadline, options_.script_limits.output});
  log_end(call, result, *response);
  // The client may have closed its sending side only. It must still get what was sent.
  if (result.end == ExchangeEnd::kClientGone) return {After::kLinger, ""};
  if (!response->status()) return answer_for_script(call, result.end, *response, body);
  const bool stays = result.end == ExchangeEnd::kDone && response->keeps_connection();
  return {stays ? After::kNextRequest : After::kLinger, ""};
}

std::optional<Refusal> ScriptHandler::start(const Call& call, RequestBody& body, ScriptPlace place,
                                            Script& script) try {
  for (int lookup = 1;; ++lookup) {
    // A client may stop at any moment within a body.
    if (!place) place = places_.take(!body.has_arrived(call.client));
    if (!place) return kNoPlace;
    int error = 0;
    const auto failure = Script::start(command_for(call, body), std::move(place), script, error);
    if (!failure) break;
    // Somebody may have put a new script in the place of the old one.
    const bool again = *failure == StartFailure::kReplaced && lookup < kLookups &&
                       root_.identify(call.route.path, call.route.file, call.route.status);
    if (!again || !S_ISREG(call.route.status.st_mode)) return explain(call, *failure, error);
    place = {};
  }
  body.consume(call.client, script.fed());
  return std::nullopt;
} catch (const std::system_error& failure) {
  return Refusal{503, "Out of resources (" + failure.code().message() + ")"};
}

ScriptCommand ScriptHandler::command_for(const Call& call, RequestBody& body) {
  const Request& request = call.request;
  const Route& route = call.route;
  const std::size_t name = route.path.rfind('/') + 1;
  const std::string content_length = body.content_length();
  const ScriptRequest from{request, route.query, route.script, content_length, identity_};
  ScriptCommand command;                        // rule: environment/requests-share-nothing
  command.file = root_.translated(route.path);  // rule: argument/script-name-is-literal
  if (options_.profile == Profile::kRfc3875) {
    command.directory = root_.translated(route.path.substr(0, name));  // rule: cgi/script-runs-in-its-directory
    command.arguments = cgi11_arguments(request.method, route.query);
    command.environment = as_strings(cgi11_variables(from, passed_on_));
  } else {  // rule: base/script-runs-in-server-directory
    command.arguments = cgihttpserver_arguments(route.query);
    command.environment = as_strings(cgihttpserver_variables(from, passed_on_));
  }
  // rule: environment/authorization-by-option
  const auto value = options_.pass_authorization ? credentials(request) : std::nullopt;
  if (value) command.environment.push_back("HTTP_AUTHORIZATION=" + std::string(*value));
  // rule: argument/first-word-is-the-script
  command.arguments.insert(command.arguments.begin(), route.path.substr(name));
  command.account = account_ ? &*account_ : nullptr;
  command.limits = limits_;
  command.interpreters = options_.interpreters;
  command.no_new_privileges = options_.no_new_privileges;
  command.device = route.status.st_dev;
  command.inode = route.status.st_ino;
  command.deadline = call.deadline;
  command.input = body.next(call.client);
  command.input_ends = body.is_all(command.input);
  // The interpreter opens the script again, as the user of the script. That works if everybody can read the file.
  command.is_interpreted =
      (route.status.st_mode & S_IROTH) == 0 && begins_with_interpreter_line(root_.open_for_reading(route.path));
  return command;
}

// Says why the script did not start: to the client in the refusal, to the operator in the log, with the next step.
Refusal ScriptHandler::explain(const Call& call, StartFailure failure, int error) const {
  const std::string& name = call.route.script.script_name;
  const std::string quoted = " (" + python_repr(name) + ")";
  const std::string user = account_ ? account_->name : "the user of the server";
  const auto log = [&](const std::string& text) {
    responder_.log().note(call.request.remote_addr, "script \"" + name + "\" " + text);
  };
  switch (failure) {  // rule: disclosure/failed-script
    case StartFailure::kNotExecutable:
      log("is not executable for " + user + " (chmod +rx it; that user must reach its directory, too)");
      return {403, "CGI script is not executable" + quoted};
    case StartFailure::kTooLarge:  // rule: environment/too-large-request-is-refused
      log("was not run: the request makes its environment too large");
      return {431, "Request is too large for a CGI script"};
    case StartFailure::kReplaced:
      log("was not run: its name leads to another file now, or to none");
      return {404, "No such CGI script" + quoted};
    case StartFailure::kLate:
      log("was ended before it ran: something stops processes of " + user);
      return {504, "CGI script took too long"};
    case StartFailure::kCannotExecute:
      log(std::string("cannot be executed: ") + std::strerror(error) + " (does its first line name an interpreter?)");
      return {403, "CGI script cannot be executed" + quoted};
    case StartFailure::kPrivileges:
      log("was not run, since becoming " + user + " failed: " + std::strerror(error));
      return {500, "CGI script cannot be run without privileges"};
    case StartFailure::kNoResources:
      break;
  }
  log(std::string("was not run: ") + std::strerror(error));
  return {503, "Cannot start the CGI script: out of resources"};
}

// Chooses how the script's output becomes a response. In profile rfc3875 a script called "nph-…" prints a whole
// response (RFC 3875 5), and every other one a CGI response. Profile cgihttpserver sends a status line first.
// rule: cgi/nph-may-be-supported, cgi/nph-output-is-unmodified, seed/script-response-is-200
std::unique_ptr<ResponseWriter> ScriptHandler::response_for(const Call& call) const {
  const Request& request = call.request;
  const bool head_only = request.method == "HEAD";
  const bool stays = responder_.stays_open(request);
  if (options_.profile == Profile::kRfc3875) {
    // The script may run on after its head, and its client may leave.  rule: log/request-of-gone-client-is-logged
    const auto log = [this, &request = call.request](int status) {
      responder_.log().request(request.remote_addr, request.line, status);
    };
    if (call.route.path.find("/nph-", call.route.path.rfind('/')) != std::string::npos) {
      log(200);
      return std::make_unique<UninterpretedResponse>("", Delimiting::kClose, false);
    }
    return std::make_unique<Cgi11Response>(
        ResponseTerms{std::string(server_fields(std::time(nullptr))), head_only, request.is_current(), stays, log});
  }
  const bool framed = request.is_current() && stays;
  // rule: base/nph-name-changes-nothing
  std::string head = responder_.begin(request, 200, "Script output follows");
  if (responder_.is_persistent() && !framed) add_field(head, "Connection", "close");
  if (request.is_simple()) head.clear();
  return std::make_unique<UninterpretedResponse>(std::move(head), framed ? Delimiting::kFramed : Delimiting::kClose,
                                                 head_only);
}

// Logs how the script ended, unless it ended well.  rule: log/nothing-but-the-request, base/script-exit-goes-to-the-log
void ScriptHandler::log_end(const Call& call, const ExchangeResult& result, const ResponseWriter& response) const {
  if (result.end == ExchangeEnd::kDone && result.exit_status == 0) return;
  const std::string script = python_repr(call.route.script.script_name);
  if (result.end == ExchangeEnd::kTimeout)
    note(call, script + " was ended: it ran over the time limit (--script-timeout)");
  if (result.end == ExchangeEnd::kTooMuch)
    note(call, script + " was ended: it printed too much (--script-limit output)");
  if (result.end == ExchangeEnd::kBodyLate) note(call, script + " was ended: its body did not arrive in time");
  if (result.end == ExchangeEnd::kClientGone) {
    if (!response.status()) responder_.log().request(call.request.remote_addr, call.request.line, std::nullopt);
    note(call, script + " was ended: " + (responder_.is_closing() ? "the server stops" : "the client is gone"));
  }
  // CPython's words, so that a search for them finds this line; the script follows.  rule: log/exit-names-the-script
  if (result.end == ExchangeEnd::kDone) note(call, exit_text(result.exit_status) + ": " + script);
}

// Answers a request to a script if the client has received nothing yet.
ScriptOutcome ScriptHandler::answer_for_script(const Call& call, ExchangeEnd end, const ResponseWriter& response,
                                               const RequestBody& body) const {
  if (response.is_refused()) {
    const std::string script = python_repr(call.route.script.script_name);
    note(call, script + " gave no response: " + std::string(response.problem()));
    for (const std::string& line : refused_lines(response.refused())) note(call, script + " printed: " + line);
    return refuse(call, {500, "CGI script gave no valid response"});
  }
  if (end == ExchangeEnd::kTooMuch) return refuse(call, {500, "CGI script printed too much"});
  if (end == ExchangeEnd::kTimeout) return refuse(call, {504, "CGI script took too long"});
  if (end == ExchangeEnd::kBodyLate) return refuse(call, {408, "Request body not complete in time"});
  return {body.can_be_dropped() ? After::kNextRequest : After::kLinger, std::string(response.local_location())};
}

Clock::time_point ScriptHandler::script_deadline() const {
  return options_.script_timeout > 0 ? from_now(options_.script_timeout) : Clock::time_point::max();
}

ScriptOutcome ScriptHandler::refuse(const Call& call, const Refusal& refusal) const {
  return {responder_.refuse(call.client, call.request, refusal), ""};
}

void ScriptHandler::note(const Call& call, const std::string& text) const {
  responder_.log().note(call.request.remote_addr, "CGI script " + text);
}

}  // namespace cgi
