#include "meta_variables.h"

#include <algorithm>
#include <span>

#include "field_syntax.h"
#include "quote.h"

namespace cgi {
namespace {

using Value = std::optional<std::string>;  // nothing: the variable is not set
using From = const ScriptRequest&;

struct MetaVariable {
  std::string_view name;
  Value (*value)(From);
};

// Returns `path` ("" or "/a/b") below `root`, which may be "/".
std::string translated(const std::string& root, const std::string& path) {
  return root == "/" && !path.empty() ? path : root + path;
}

// Appends a value to a list. Empty values leave no trace.
void append_to_list(std::string& list, std::string_view separator, std::string_view value) {
  if (!list.empty() && !value.empty()) list += separator;
  list += value;
}

std::string first(From from, std::string_view field, const char* otherwise) {
  return std::string(from.request.first(field).value_or(otherwise));
}

Value gateway_interface(From) { return "CGI/1.1"; }
Value path_info(From from) { return from.script.path_info; }
Value query_string(From from) { return std::string(from.query); }  // rule: environment/query-names-set-no-variable
Value remote_addr(From from) { return from.request.remote_addr; }
Value request_method(From from) { return from.request.method; }
Value script_name(From from) { return from.script.script_name; }
Value server_port(From from) { return std::to_string(from.server.port); }
Value server_software(From from) { return from.server.software; }

// Joins every value, also an empty one, by a comma, as CPython does.
Value joined_accept(From from) {
  std::string list;
  bool is_first = true;
  for (const Field& field : from.request.fields) {
    if (!equals_ignoring_case(field.name, "accept")) continue;
    if (!std::exchange(is_first, false)) list += ',';
    list += field.value;
  }
  return list;
}

Value joined_cookies(From from) {
  std::string list;
  for (const Field& field : from.request.fields) {
    if (equals_ignoring_case(field.name, "cookie")) append_to_list(list, ", ", field.value);
  }
  return list;
}

// The host that the client names, else the server's own; an IPv6 address in brackets.
Value server_name(From from) {
  const std::string& name = from.request.host ? *from.request.host : from.server.name;
  const bool is_bare_ipv6 = name.find(':') != name.npos && !name.starts_with('[');
  return is_bare_ipv6 ? "[" + name + "]" : name;
}

// The meta-variables of profile cgihttpserver, in the order that CPython sets them. AUTH_TYPE and REMOTE_USER are not
// among them: the server checks no password. Only these four fields reach a script: "Proxy:" would become HTTP_PROXY,
// which the script's HTTP client trusts (CVE-2016-5385).
// rule: base/only-cgi-variables-and-path, base/four-fields-become-variables, base/unchecked-identity-is-not-set
// rule: environment/no-http-proxy-by-any-spelling  (RFC 3875 4.1)
constexpr MetaVariable kCgihttpserverVariables[] = {
    {"SERVER_SOFTWARE", server_software},
    {"SERVER_NAME", [](From from) -> Value { return from.server.name; }},  // rule: base/server-name-and-port-are-set
    {"GATEWAY_INTERFACE", gateway_interface},
    {"SERVER_PROTOCOL",
     [](From from) -> Value { return from.server.protocol; }},  // rule: base/server-protocol-is-the-servers
    {"SERVER_PORT", server_port},
    {"REQUEST_METHOD", request_method},
    {"PATH_INFO", path_info},  // rule: base/path-info-collapsed-and-decoded-once
    // RFC 3875 4.1.6 would leave it out without path-info.  rule: base/path-translated-is-always-set
    {"PATH_TRANSLATED", [](From from) -> Value { return translated(from.server.root, from.script.path_info); }},
    {"SCRIPT_NAME", script_name},
    {"QUERY_STRING", query_string},
    {"REMOTE_ADDR", remote_addr},
    {"REMOTE_HOST", [](From) -> Value { return ""; }},  // rule: cgi/remote-host-is-name-or-address
    // RFC 3875 4.1.3 has no default.  rule: base/content-type-defaults-to-text-plain
    {"CONTENT_TYPE", [](From from) -> Value { return first(from, "content-type", "text/plain"); }},
    // rule: base/content-length-is-body-length
    {"CONTENT_LENGTH", [](From from) -> Value { return std::string(from.content_length); }},
    {"HTTP_ACCEPT", joined_accept},
    {"HTTP_REFERER", [](From from) -> Value { return first(from, "referer", ""); }},
    {"HTTP_USER_AGENT", [](From from) -> Value { return first(from, "user-agent", ""); }},
    {"HTTP_COOKIE", joined_cookies},
};

// The meta-variables of profile rfc3875, without HTTP_*. Programs expect the last four, which RFC 3875 does not have:
// php-cgi does not run without REDIRECT_STATUS.
// rule: cgi/auth-type-only-if-authenticated, cgi/remote-user-only-if-authenticated  (RFC 3875 4.1)
constexpr MetaVariable kCgi11Variables[] = {
    // rule: cgi/content-length-only-with-body
    {"CONTENT_LENGTH",
     [](From from) { return from.content_length.empty() ? Value() : std::string(from.content_length); }},
    // rule: cgi/request-content-type-is-unmodified, cgi/request-content-type-has-no-default
    {"CONTENT_TYPE", [](From from) { return Value(from.request.first("content-type")); }},
    {"GATEWAY_INTERFACE", gateway_interface},  // rule: cgi/gateway-interface-is-cgi-1-1
    // Always set: scripts read it without asking whether it is there (wsgiref, bottle). RFC 3875 4.1 takes an empty
    // variable for an absent one, and 4.1.6 then wants no PATH_TRANSLATED.
    // rule: cgi/path-info-of-a-slash-is-not-none, cgi/path-translated-needs-path-info
    {"PATH_INFO", path_info},
    // rule: cgi/path-translated-set-with-path-info, cgi/path-translated-keeps-case, cgi/path-translated-is-decoded
    {"PATH_TRANSLATED",
     [](From from) {
       const std::string& path = from.script.path_info;
       return path.empty() ? Value() : translated(from.server.root, path);
     }},
    {"QUERY_STRING", query_string},  // rule: cgi/query-string-is-always-set, cgi/query-string-is-not-decoded
    // rule: cgi/remote-addr-is-the-peer, environment/claims-are-not-believed
    {"REMOTE_ADDR", remote_addr},
    {"REQUEST_METHOD", request_method},  // rule: cgi/request-method-is-the-method
    {"SCRIPT_NAME", script_name},        // rule: cgi/script-name-is-decoded-path
    {"SERVER_NAME", server_name},        // rule: cgi/server-name-has-no-port
    {"SERVER_PORT", server_port},        // rule: cgi/server-port-is-the-port-used
    // rule: cgi/server-protocol-names-a-version
    {"SERVER_PROTOCOL", [](From from) -> Value { return from.request.is_current() ? "HTTP/1.1" : "HTTP/1.0"; }},
    {"SERVER_SOFTWARE", server_software},  // rule: cgi/server-software-names-the-server
    {"REQUEST_URI", [](From from) -> Value { return from.request.uri; }},
    {"SCRIPT_FILENAME", [](From from) -> Value { return translated(from.server.root, from.script.script_name); }},
    {"DOCUMENT_ROOT", [](From from) -> Value { return from.server.root; }},
    {"REDIRECT_STATUS", [](From) -> Value { return "200"; }},
};

// A request also owns every name that begins so: other servers and programs set REMOTE_PORT, SERVER_ADDR and the like.
constexpr std::string_view kRequestPrefixes[] = {"HTTP_",    "REMOTE_", "CONTENT_", "SERVER_",
                                                 "REQUEST_", "SCRIPT_", "PATH_",    "REDIRECT_"};

constexpr std::string_view kSetByOperator[] = {"AUTH_TYPE", "REMOTE_USER", "HTTPS"};

// Fields that a script gets in another variable, that hold secrets, or that are about the connection. "Proxy" would
// become HTTP_PROXY (CVE-2016-5385).
// rule: cgi/credential-fields-are-not-passed, cgi/no-http-content-length-or-type, cgi/credentials-stay-with-the-server
// rule: cgi/request-connection-fields-may-stay-out, cgi/no-http-proxy, environment/no-http-proxy-by-any-spelling
constexpr std::string_view kFieldsKeptBack[] = {"authorization", "proxy-authorization", "proxy",      "content-length",
                                                "content-type",  "transfer-encoding",   "connection", "keep-alive"};

bool has_name(std::span<const MetaVariable> variables, std::string_view name) {
  return std::ranges::find(variables, name, &MetaVariable::name) != variables.end();
}

// Sets each variable of a table that has a value.  rule: cgi/empty-variable-may-be-missing
Environment values_of(std::span<const MetaVariable> variables, From from, std::size_t more) {
  Environment environment;
  environment.reserve(variables.size() + more);
  for (const MetaVariable& variable : variables) {
    if (Value value = variable.value(from)) environment.emplace_back(variable.name, std::move(*value));
  }
  return environment;
}

// Returns "HTTP_X_FOO" for "X-Foo"; an empty text for a field that scripts do not get. A name with '_', or another sign
// than '-', would become the variable of another field.
// rule: cgi/fields-become-http-variables, cgi/http-variable-name-form, environment/underscore-is-not-hyphen
// rule: http/underscore-is-not-hyphen, cgi/variable-names-differ-beyond-case
std::string http_variable(std::string_view field_name) {
  if (is_one_of(kFieldsKeptBack, field_name)) return {};
  std::string name = "HTTP_";  // rule: environment/field-names-forge-no-variable
  for (char c : field_name) {
    if (c >= 'a' && c <= 'z') {
      name += static_cast<char>(c - 'a' + 'A');
    } else if (c == '-') {
      name += '_';
    } else if ((c >= 'A' && c <= 'Z') || is_digit(c)) {
      name += c;
    } else {
      return {};
    }
  }
  return name;
}

// Sets HTTP_* from the fields, in the order of first appearance. The values of a repeated field become one list, those
// of Cookie are pairs.  rule: cgi/repeated-field-becomes-one-value  (RFC 9110 5.3; RFC 6265 5.4)
void add_fields(Environment& environment, const std::vector<Field>& fields) {
  const auto first = static_cast<std::ptrdiff_t>(environment.size());
  for (const Field& field : fields) {
    const std::string name = http_variable(field.name);
    if (name.empty()) continue;
    const auto at = std::find_if(environment.begin() + first, environment.end(),
                                 [&](const auto& entry) { return entry.first == name; });
    if (at == environment.end()) {
      environment.emplace_back(name, field.value);  // rule: cgi/variable-values-keep-case
    } else {
      append_to_list(at->second, name == "HTTP_COOKIE" ? "; " : ", ", field.value);
    }
  }
}

// Appends the variables that the operator passes on. They never replace a meta-variable.
// rule: environment/inherited-cgi-variables-stay-out
void add_passed_on(Environment& environment, const Environment& passed_on) {
  for (const auto& entry : passed_on) {
    const auto same_name = [&](const auto& other) { return other.first == entry.first; };
    if (is_request_variable(entry.first) && !operator_may_set(entry.first)) continue;
    if (std::none_of(environment.begin(), environment.end(), same_name)) environment.push_back(entry);
  }
}

}  // namespace

Environment cgihttpserver_variables(const ScriptRequest& from, const Environment& passed_on) {
  Environment environment = values_of(kCgihttpserverVariables, from, passed_on.size());
  add_passed_on(environment, passed_on);
  return environment;
}

Environment cgi11_variables(const ScriptRequest& from, const Environment& passed_on) {
  Environment environment = values_of(kCgi11Variables, from, from.request.fields.size() + passed_on.size());
  add_fields(environment, from.request.fields);
  add_passed_on(environment, passed_on);
  return environment;
}

std::vector<std::string> cgihttpserver_arguments(std::string_view query) {
  if (query.find('=') != query.npos) return {};
  std::string words(query);
  std::replace(words.begin(), words.end(), '+', ' ');
  return {std::move(words)};
}

std::vector<std::string> cgi11_arguments(std::string_view method, std::string_view query) {
  if ((method != "GET" && method != "HEAD") || query.empty() || query.find('=') != query.npos) return {};
  std::vector<std::string> words;
  for (std::size_t begin = 0; begin <= query.size();) {
    const std::size_t end = std::min(query.find('+', begin), query.size());
    const std::string& word = words.emplace_back(url_unquote(query.substr(begin, end - begin)));
    if (word.starts_with('-') || word.find('\0') != word.npos) return {};  // rule: cgi/all-arguments-or-none
    begin = end + 1;
  }
  return words;
}

bool is_request_variable(std::string_view name) {
  const auto begins = [&](std::string_view prefix) { return name.starts_with(prefix); };
  return std::ranges::any_of(kRequestPrefixes, begins) || operator_may_set(name) ||
         has_name(kCgihttpserverVariables, name) || has_name(kCgi11Variables, name);
}

bool operator_may_set(std::string_view name) { return std::ranges::count(kSetByOperator, name) > 0; }

std::optional<std::string_view> credentials(const Request& request) {
  const auto values = request.values("Authorization");
  return values.size() == 1 ? std::optional(values.front()) : std::nullopt;
}

std::vector<std::string> as_strings(const Environment& environment) {
  std::vector<std::string> strings;
  strings.reserve(environment.size());
  for (const auto& [name, value] : environment) {
    std::string& entry = strings.emplace_back();
    entry.reserve(name.size() + 1 + value.size());
    entry.append(name).append("=").append(value);
  }
  return strings;
}

}  // namespace cgi
