// The environment and the arguments of a script. Pure: request and script in, strings out.
//
// The environment holds the meta-variables of the tables in meta_variables.cc and what the operator passes on, and
// nothing else. CPython hands its own whole environment to every script and only fills gaps, so that a stale
// REMOTE_USER or CONTENT_LENGTH of the server reaches scripts.
// rule: environment/server-environment-stays-out, environment/inherited-cgi-variables-stay-out
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "request_head.h"

namespace cgi {

// The facts about the server that scripts get.
struct ServerIdentity {
  std::string software;  // as in the Server field: "cgi-server/0.1.0"
  std::string name;      // host name of the bound address
  int port = 0;
  std::string protocol;  // "HTTP/1.0" or "HTTP/1.1": the server's, whatever the request says
  std::string root;      // absolute path of the document root, no trailing slash; or "/"
};

// The two parts of a target that leads to a script, each decoded once.
struct ScriptPath {
  std::string script_name;  // "/cgi-bin/sub/env"
  std::string path_info;    // "" or "/a/b", or "/" for a trailing slash
};

// A request to a script: all that its meta-variables come from.
struct ScriptRequest {
  const Request& request;
  std::string_view query;  // still encoded
  const ScriptPath& script;
  std::string_view content_length;  // digits; empty without a body
  const ServerIdentity& server;
};

using Environment = std::vector<std::pair<std::string, std::string>>;

// Returns the environment in profile cgihttpserver: its meta-variables in CPython's order, then `passed_on`.
Environment cgihttpserver_variables(const ScriptRequest& from, const Environment& passed_on);

// Returns the environment in profile rfc3875: its meta-variables, the fields of the request as HTTP_*, then
// `passed_on`.
Environment cgi11_variables(const ScriptRequest& from, const Environment& passed_on);

// Returns the arguments in profile cgihttpserver: the query as one argument, with '+' as space and not decoded. An
// empty query is an argument, too. A query with '=' is none.  rule: base/query-is-one-argument
std::vector<std::string> cgihttpserver_arguments(std::string_view query);  // rule: argument/query-is-literal

// Returns the arguments in profile rfc3875: the words of an indexed query (GET or HEAD, not empty, no '=' as sent),
// split at '+' and each decoded once. If a word holds a NUL or begins with '-', which a program would take for an
// option (CVE-2012-1823), there are no arguments at all.
// rule: argument/no-options-to-the-interpreter, cgi/query-becomes-arguments, cgi/arguments-for-get-and-head-only
// rule: cgi/equals-sign-before-decoding, cgi/no-query-no-arguments, argument/no-hyphen-by-conversion  (RFC 3875 4.4)
std::vector<std::string> cgi11_arguments(std::string_view method, std::string_view query);

// Returns whether scripts take the variable for a part of the request. Such a variable of the server's own environment
// must not reach scripts, unless operator_may_set() allows it.  rule: environment/inherited-cgi-variables-stay-out
bool is_request_variable(std::string_view name);

// Returns whether the operator may set this request variable for all requests, by --pass-env: AUTH_TYPE and REMOTE_USER
// (something in front of the server checks the user), and HTTPS (something in front of the server ends TLS).
bool operator_may_set(std::string_view name);

// Returns the value of Authorization for scripts that check it themselves (--pass-authorization). A field that is sent
// twice has none: something in front of the server may have checked the other value than the script would read.
// rule: environment/authorization-by-option
std::optional<std::string_view> credentials(const Request& request);

// Returns `environment` as "NAME=value" strings for execve().
// rule: base/high-bytes-reach-the-script, environment/high-bytes-stay-unchanged
std::vector<std::string> as_strings(const Environment& environment);

}  // namespace cgi
