// What HTTP/1.1 asks of a request before anything is done for it (profile rfc3875). Pure.
//
// Profile cgihttpserver leaves these out, as CPython does: its clients may send no Host, or two.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "refusal.h"
#include "request_head.h"

namespace cgi {

// Where the client thinks it is: the host of an absolute-form target, else of the Host field; "name",
// "192.0.2.1" or "[2001:db8::1]", without the port, in lower case. Nothing if it does not say.
struct RequestAuthority {
  std::optional<std::string> host;
};

// Checks the request against RFC 9112 3.2 and brings its target into origin-form ("/path?query"), so that one
// router serves all forms. Refusals, all 400: two-word requests (HTTP/0.9), no Host or several in an HTTP/1.1
// request, a Host that is no host with an optional port, a target that holds a control octet or a space, a
// fragment, `*` with a method other than OPTIONS, a target that is neither origin-form nor an absolute http(s) URI;
// 501 for CONNECT. An absolute-form target wins over Host, which must be valid all the same. cgi-40; http-11 … http-16,
// http-22, http-24 … http-26.
std::optional<Refusal> apply_request_rules(Request& request, RequestAuthority& authority);

}  // namespace cgi
