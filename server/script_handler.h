// One request to a script, from the limits that it must pass to the line in the log that says how it ended.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "body.h"
#include "connection.h"
#include "meta_variables.h"
#include "options.h"
#include "request_body.h"
#include "responder.h"
#include "response_writer.h"
#include "route.h"
#include "script.h"

namespace cgi {

// Reads a body that nobody wants, so that the next request can be found behind it. False if it is too long for
// that, broken, or not there by `deadline`.
// rule: http/refused-body-is-no-request, http/body-is-read-or-connection-closed
bool discard_body(Connection& client, const Framing& framing, Clock::time_point deadline);

// `seconds` from now.
Clock::time_point from_now(double seconds);

// What running a script came to.
struct ScriptOutcome {
  After next = After::kClose;
  std::string local_location;  // not empty: nothing was answered yet; what this target leads to is the answer
};

class ScriptHandler {
 public:
  // `account`: the user that scripts become; none: they run as the caller.
  ScriptHandler(const Options& options, const DocumentRoot& root, const Responder& responder,
                std::optional<Account> account);

  // The port is known once the server is bound.
  void set_port(int port) { identity_.port = port; }

  // Runs the script that `route` names and answers with what it prints.
  ScriptOutcome run(Connection& client, const Request& request, const Route& route, const Framing& framing);

 private:
  std::optional<Refusal> start(const Request& request, const Route& route, std::string_view content_length,
                               Script& script);
  std::unique_ptr<ResponseWriter> writer_for(const Request& request, const Route& route) const;
  Refusal explain(const Request& request, const Route& route, StartFailure failure, int error) const;

  const Options& options_;
  const DocumentRoot& root_;
  const Responder& responder_;
  const std::optional<Account> account_;
  const Environment passed_on_;
  const rlimit descriptors_;  // of scripts
  ServerIdentity identity_;
  ScriptPlaces places_;
};

}  // namespace cgi
