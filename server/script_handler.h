// Answers one request that leads to a script.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "body.h"
#include "connection.h"
#include "meta_variables.h"
#include "options.h"
#include "request_body.h"
#include "responder.h"
#include "response_writer.h"
#include "route.h"
#include "script.h"
#include "script_exchange.h"

namespace cgi {

// The result of ScriptHandler::run().
struct ScriptOutcome {
  After next = After::kClose;
  std::string local_location;  // if not empty, the server sent nothing and must answer with this target
};

class ScriptHandler {
 public:
  // `account` is the user that scripts run as; without one, they run as the user of the server.
  ScriptHandler(const Options& options, const DocumentRoot& root, const Responder& responder,
                std::optional<Account> account);

  // The port is known once the server is bound.
  void set_port(int port) { identity_.port = port; }

  // Returns the refusal of a request that needs no look at its body: that is too long, or too many scripts run.
  std::optional<Refusal> early_refusal(const Framing& framing) const;
  // Returns the place of a script that starts before its body is here, if one is free.
  ScriptPlace early_place() { return places_.take(true); }
  // Runs the script that `route` names and answers with its output. Takes a place if `place` is none. A chunked body
  // must be here. If another script has the name now, `route` leads to that.
  ScriptOutcome run(Connection& client, const Request& request, Route& route, RequestBody& body, ScriptPlace place);

 private:
  // One request to a script.
  struct Call {
    Connection& client;
    const Request& request;
    Route& route;
    Clock::time_point deadline;  // of the script, with its start
  };

  // The steps of run().
  std::optional<Refusal> start(const Call& call, RequestBody& body, ScriptPlace place, Script& script);
  std::unique_ptr<ResponseWriter> response_for(const Call& call) const;
  void log_end(const Call& call, const ExchangeResult& result, const ResponseWriter& response) const;
  ScriptOutcome answer_for_script(const Call& call, ExchangeEnd end, const ResponseWriter& response,
                                  const RequestBody& body) const;

  ScriptCommand command_for(const Call& call, RequestBody& body);
  Refusal explain(const Call& call, StartFailure failure, int error) const;
  Clock::time_point script_deadline() const;

  ScriptOutcome refuse(const Call& call, const Refusal& refusal) const;
  void note(const Call& call, const std::string& text) const;

  const Options& options_;
  const DocumentRoot& root_;
  const Responder& responder_;
  const std::optional<Account> account_;
  const Environment passed_on_;
  const std::vector<ScriptLimit> limits_;
  ServerIdentity identity_;
  ScriptPlaces places_;
};

}  // namespace cgi
