// A client and a script, talking to each other: one loop that brings the body in, the output out, and watches
// the client and the clock.
#pragma once

#include "connection.h"
#include "request_body.h"
#include "response_writer.h"
#include "script.h"

namespace cgi {

// How an exchange ended.
enum class ExchangeEnd {
  kDone,        // the script ended; everything that it printed was sent
  kClientGone,  // the connection broke, or what is sent is taken too slowly: the script's group was ended
  kTimeout,     // the script ran over its time: its group was ended
  kGivenUp,     // what it printed cannot become a response, and it went on: its group was ended
};

struct ExchangeResult {
  ExchangeEnd end = ExchangeEnd::kDone;
  int exit_status = 0;  // of the script, as waitpid() has it
};

// Runs until the script itself has ended and what it printed is sent; a child of it that still holds its output,
// or goes on writing, does not hold the response. `deadline` is the script's, not the client's. The script's input ends
// after the body. The first octets go out together if the script is done within a few milliseconds; if it takes longer,
// the status line goes out alone, since a client may rely on seeing it before a slow script speaks.
// rule: process/response-ends-with-script, seed/status-line-before-script-output
//
// A client that resets the connection is gone at once. One that has only ended its side may be waiting for
// the answer (`nc -N`), and cannot be told from one that has left: it counts as gone once the script has
// neither printed nor read anything for `silence`.
// rule: process/script-ends-with-client, http/half-closed-client-is-answered
//
// A script whose output is refused may go on for `last_words`: what it prints then is for the log, a traceback most
// likely, and the client waits for its answer.
ExchangeResult run_exchange(Connection& client, Script& script, RequestBody& body, ResponseWriter& response,
                            Clock::time_point deadline, Clock::duration silence = std::chrono::seconds(5),
                            Clock::duration last_words = std::chrono::milliseconds(200));

}  // namespace cgi
