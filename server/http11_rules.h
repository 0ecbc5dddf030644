// The rules of HTTP/1.1 for a request, in profile rfc3875. Pure.
//
// Profile cgihttpserver does not check them, and CPython does not: its clients may send no Host, or two.
#pragma once

#include <optional>

#include "request_head.h"

namespace cgi {

// Checks the request against RFC 9112 3.2 and changes it:
// * `host` becomes the host of an absolute-form target, else that of the Host field, in lower case and without the port
//   ("name", "192.0.2.1" or "[2001:db8::1]"); nothing if neither names a host.
// * The target becomes origin-form ("/path?query"), so that the router has one form to serve. `OPTIONS *` stays "*".
// * The Host field gets the host and port of an absolute-form target. It must be valid before that, too.
// Refuses with 501: CONNECT. Refuses with 421: an https URI. Refuses with 400: more than one space between the words of
// the request line, a method that is no token, HTTP/0.9, an HTTP/1.1 request without Host, several Host fields, a Host
// that is no host with an optional port (it may be empty if the target is a path), a control octet or a fragment in the
// target, `*` with another method than OPTIONS, and any other target that is neither a path nor an absolute http URI.
// rule: http/invalid-request-line-is-400, http/absolute-form-is-accepted
// rule: http/foreign-target-reaches-no-file, http/asterisk-and-authority-form-methods
// rule: http/fragment-is-no-part-of-target, http/control-bytes-in-target-do-no-harm, http/http-0-9-may-be-refused
std::optional<Refusal> apply_http11_rules(Request& request);

// Returns whether each host that the request names is one of `hosts`, in lower case and without a port. A page of
// another site can make its own name lead to 127.0.0.1 and read a server there; the browser then sends that name.
// rule: http/other-host-is-421
bool is_for_host(const Request& request, const std::vector<std::string>& hosts);

}  // namespace cgi
