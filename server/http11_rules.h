// What HTTP/1.1 asks of a request before anything is done for it (profile rfc3875). Pure.
//
// Profile cgihttpserver leaves these out, as CPython does: its clients may send no Host, or two.
#pragma once

#include <optional>

#include "refusal.h"
#include "request_head.h"

namespace cgi {

// Checks the request against RFC 9112 3.2, sets `host` (of an absolute-form target, else of the Host field:
// "name", "192.0.2.1" or "[2001:db8::1]", without the port, in lower case; nothing if neither says) and brings its
// target into origin-form ("/path?query"), so that one router serves all forms; `OPTIONS *` stays "*". Refusals, all
// 400: a request line with more than one space between its words, a method that is no token, HTTP/0.9, no Host in an
// HTTP/1.1 request, several in any, a Host that is no host with an optional port (an empty one will do for a path), a
// target that holds a control octet, a fragment, `*` with a method other than OPTIONS, a target that is neither
// origin-form nor an absolute http(s) URI; 501 for CONNECT. An absolute-form target wins over Host, which must be valid
// all the same; the field gets its value.
// rule: http/any-whitespace-may-separate-words, http/invalid-request-line-is-400, http/absolute-form-is-accepted
// rule: http/absolute-form-host-wins, http/foreign-target-reaches-no-file, http/asterisk-and-authority-form-methods
// rule: http/fragment-is-no-part-of-target, http/control-bytes-in-target-do-no-harm, http/http-0-9-may-be-refused
// rule: http/host-is-required, http/two-hosts-are-400, http/invalid-host-is-400
std::optional<Refusal> apply_http11_rules(Request& request);

}  // namespace cgi
