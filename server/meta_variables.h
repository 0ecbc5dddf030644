// What a script is told: its environment and its arguments. Pure: request + script → vectors of strings.
//
// The environment is closed: these names and the ones the operator passes on. CPython hands its own whole
// environment to every script and fills gaps with setdefault(), so a stale REMOTE_USER or CONTENT_LENGTH of
// the server reaches scripts.
// rule: environment/server-environment-stays-out, environment/inherited-cgi-variables-stay-out
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "request_head.h"
#include "url_path.h"

namespace cgi {

// What the server knows about itself.
struct ServerIdentity {
  std::string software;  // as in the Server field: "cgi-server/0.1.0"
  std::string name;      // host name of the bound address
  int port = 0;
  std::string protocol;  // "HTTP/1.0" or "HTTP/1.1", the server's, whatever the request said
  std::string root;      // absolute path of the document root, no trailing slash; or "/"
};

// The script that a target leads to, and what follows it in the path; decoded once.
struct ScriptPath {
  std::string script_name;  // "/cgi-bin/sub/env"
  std::string path_info;    // "" or "/a/b", or "/" for a trailing slash
};

using Environment = std::vector<std::pair<std::string, std::string>>;

// The meta-variables of profile cgihttpserver, in the order that CPython sets them: SERVER_SOFTWARE,
// SERVER_NAME, GATEWAY_INTERFACE, SERVER_PROTOCOL, SERVER_PORT, REQUEST_METHOD, PATH_INFO, PATH_TRANSLATED
// (the root and PATH_INFO, also when that is empty), SCRIPT_NAME, QUERY_STRING, REMOTE_ADDR, REMOTE_HOST
// (empty), CONTENT_TYPE (first field, default text/plain), CONTENT_LENGTH (`content_length`: digits, or
// empty without a body), HTTP_ACCEPT (joined by ","), HTTP_REFERER, HTTP_USER_AGENT (first field),
// HTTP_COOKIE (non-empty ones joined by ", "); empty ones are present. AUTH_TYPE and REMOTE_USER are never
// made from a request: nothing here checks a password. `passed_on` follows and never replaces a name above.
// rule: base/only-cgi-variables-and-path, base/four-fields-become-variables, base/unchecked-identity-is-not-set
// rule: base/content-type-defaults-to-text-plain, base/content-length-is-body-length
// rule: base/path-info-collapsed-and-decoded-once, base/path-translated-is-always-set
// rule: base/server-protocol-is-the-servers, base/server-name-and-port-are-set  (RFC 3875 4.1)
Environment cgihttpserver_variables(const Request& request, std::string_view query, const ScriptPath& script,
                                    std::string_view content_length, const ServerIdentity& server,
                                    const Environment& passed_on);

// The argument after the script's path, as CPython passes it: the query with '+' as space, not decoded,
// also when it is empty; none if that holds '='.  rule: base/query-is-one-argument
std::vector<std::string> cgihttpserver_arguments(std::string_view query);

// The meta-variables of profile rfc3875: AUTH_TYPE and REMOTE_USER never from a request (no password is checked),
// CONTENT_LENGTH only if `content_length` is not empty, CONTENT_TYPE only if the field was sent,
// GATEWAY_INTERFACE, PATH_INFO always, PATH_TRANSLATED only if there is path-info, QUERY_STRING always, REMOTE_ADDR,
// REQUEST_METHOD, SCRIPT_NAME, SERVER_NAME (`host` if the client named one, else server.name; IPv6 in brackets),
// SERVER_PORT, SERVER_PROTOCOL (of the request, at most HTTP/1.1), SERVER_SOFTWARE; and what everybody sets
// beside them: REQUEST_URI (the target as the client sent it), SCRIPT_FILENAME, DOCUMENT_ROOT, and
// REDIRECT_STATUS=200, without which php-cgi does not run. Then every field as HTTP_NAME, in order of first
// appearance: repeated ones joined by ", " (Cookie by "; "), but not Authorization, Proxy-Authorization,
// Proxy (httpoxy), Content-Length, Content-Type, Transfer-Encoding, Connection and Keep-Alive, and no name with a
// character other than letters, digits and '-' (an '_' would collide). Content-Encoding is passed on: a body is handed
// over as it was encoded. Then `passed_on`, without what may only come from a request (is_request_variable(), unless
// may_be_named()).
// rule: cgi/auth-type-only-if-authenticated, cgi/remote-user-only-if-authenticated
// rule: cgi/content-length-only-with-body, cgi/request-content-type-is-unmodified
// rule: cgi/request-content-type-has-no-default, cgi/gateway-interface-is-cgi-1-1
// rule: cgi/path-translated-set-with-path-info, cgi/path-translated-needs-path-info, cgi/query-string-is-always-set
// rule: cgi/query-string-is-not-decoded, cgi/remote-addr-is-the-peer, cgi/request-method-is-the-method
// rule: cgi/script-name-is-decoded-path, cgi/server-name-has-no-port, cgi/server-port-is-the-port-used
// rule: cgi/server-protocol-names-a-version, cgi/server-software-names-the-server  (RFC 3875 4.1)
Environment cgi11_variables(const Request& request, std::string_view query, const ScriptPath& script,
                            std::string_view content_length, const std::optional<std::string>& host,
                            std::string_view request_uri, const ServerIdentity& server, const Environment& passed_on);

// Whether a variable would pass for something that the request said, were it left over in the server's own
// environment.  rule: environment/inherited-cgi-variables-stay-out
bool is_request_variable(std::string_view name);

// The request variables that the operator may state for all requests, by naming them: AUTH_TYPE and REMOTE_USER (a
// server in front has checked the user, or there is only one), and HTTPS (TLS ends in front of this server).
bool may_be_named(std::string_view name);

// The value of Authorization, for scripts that check it themselves (--pass-authorization). None if the field was sent
// more than once: a server in front may have checked another one than the script would read.
// rule: environment/authorization-by-option
std::optional<std::string_view> credentials(const Request& request);

// The arguments of an indexed query (GET and HEAD, not empty, no '=' as sent): its words, split at '+', each
// decoded once. None at all if a word holds a NUL or begins with '-', which a program would take for an option
// (CVE-2012-1823).
// rule: argument/no-options-to-the-interpreter, cgi/query-becomes-arguments, cgi/arguments-for-get-and-head-only
// rule: cgi/equals-sign-before-decoding, cgi/no-query-no-arguments, cgi/all-arguments-or-none  (RFC 3875 4.4)
std::vector<std::string> cgi11_arguments(std::string_view method, std::string_view query);

// `environment` as "NAME=value" strings for execve().
std::vector<std::string> as_strings(const Environment& environment);

}  // namespace cgi
