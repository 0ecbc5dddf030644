// One loop that moves the body from the client to the script, moves the output back, and watches the client and the
// clock.  rule: resource/no-deadlock-by-early-output, resource/unread-input-blocks-nothing
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "connection.h"
#include "request_body.h"
#include "response_writer.h"
#include "script.h"

namespace cgi {

// The end of an exchange.
enum class ExchangeEnd {
  kDone,        // the script ended, and all its output was sent
  kClientGone,  // the connection broke, or the client takes octets too slowly: the script's group was ended
  kTimeout,     // the script took too long: its group was ended
  kTooMuch,     // the script printed more than it may: its group was ended
  kBodyLate,    // the client sends its body too slowly: the script's group was ended
  kGivenUp,     // the output was refused, and the script went on: its group was ended
};

struct ExchangeResult {
  ExchangeEnd end = ExchangeEnd::kDone;
  int exit_status = 0;  // of the script, from waitpid()
};

// The terms of an exchange.
struct ExchangeTerms {
  std::function<void(const std::string&)> log_error;            // gets each line of the script's standard error
  Clock::time_point deadline = Clock::time_point::max();        // for the script, not for the client
  std::uint64_t most_output = 0;                                // octets; 0: any number
  Clock::duration silence = std::chrono::seconds(5);            // see below
  Clock::duration last_words = std::chrono::milliseconds(200);  // for a script whose output is refused
};

// Runs until the script itself has ended and its output is sent. A child of the script that goes on writing does not
// delay the response. The script's input ends after the body. If the script ends within a few milliseconds, head and
// output go out together. Otherwise the status line goes out first, because a client may expect it before a slow script
// prints anything.
// rule: process/response-ends-with-script, seed/status-line-before-script-output
//
// A client that resets the connection is gone at once. A client that only ended its side may wait for the answer
// (`nc -N`) or may have left. It counts as gone once the script has neither printed nor read anything for `silence`.
// rule: process/script-ends-with-client, http/half-closed-client-is-answered, cgi/script-may-end-with-client
//
// A script whose output is refused may go on for `last_words`, so that the log gets its traceback. The client waits.
ExchangeResult run_exchange(Connection& client, Script& script, RequestBody& body, ResponseWriter& response,
                            const ExchangeTerms& terms);

}  // namespace cgi
