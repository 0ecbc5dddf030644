#include "meta_variables.h"

#include <algorithm>
#include <array>

#include "field_syntax.h"
#include "quote.h"

namespace cgi {
namespace {

// What the fields of a request add up to; found in one pass.
struct FieldValues {
  const std::string* content_type = nullptr;  // the first of each
  const std::string* referer = nullptr;
  const std::string* user_agent = nullptr;
  std::string accept;  // all, joined
  std::string cookie;
  bool has_accept = false;
};

void take_first(const std::string*& place, const Field& field) {
  if (place == nullptr) place = &field.value;
}

// Only these fields reach a script: "Proxy:" would become HTTP_PROXY, which its HTTP client trusts
// (CVE-2016-5385).  rule: environment/no-http-proxy-by-any-spelling, base/four-fields-become-variables
FieldValues values_of(const std::vector<Field>& fields) {
  FieldValues found;
  for (const Field& field : fields) {
    if (equals_ignoring_case(field.name, "accept")) {
      if (found.has_accept) found.accept += ',';
      found.accept += field.value;
      found.has_accept = true;
    } else if (equals_ignoring_case(field.name, "cookie")) {
      if (!found.cookie.empty() && !field.value.empty()) found.cookie += ", ";
      found.cookie += field.value;
    } else if (equals_ignoring_case(field.name, "content-type")) {
      take_first(found.content_type, field);
    } else if (equals_ignoring_case(field.name, "referer")) {
      take_first(found.referer, field);
    } else if (equals_ignoring_case(field.name, "user-agent")) {
      take_first(found.user_agent, field);
    }
  }
  return found;
}

// `path` ("" or "/a/b") below `root`, which may be "/".
std::string translated(const std::string& root, const std::string& path) {
  return root == "/" && !path.empty() ? path : root + path;
}

bool holds(const Environment& environment, std::string_view name) {
  return std::any_of(environment.begin(), environment.end(), [&](const auto& entry) { return entry.first == name; });
}

// "X-Foo" → "HTTP_X_FOO"; empty for a field that is not for scripts. Names with '_' or other signs than '-' would
// become the variable of another field.
// rule: cgi/fields-become-http-variables, cgi/http-variable-name-form, cgi/credential-fields-are-not-passed
// rule: cgi/no-http-content-length-or-type, cgi/request-connection-fields-may-stay-out, cgi/no-http-proxy
// rule: environment/no-http-proxy-by-any-spelling, environment/underscore-is-not-hyphen
std::string http_variable(std::string_view field_name) {
  for (std::string_view kept_back : {"authorization", "proxy-authorization", "proxy", "content-length", "content-type",
                                     "transfer-encoding", "connection", "keep-alive"}) {
    if (equals_ignoring_case(field_name, kept_back)) return {};
  }
  std::string name = "HTTP_";
  for (char c : field_name) {
    if (c >= 'a' && c <= 'z') {
      name += static_cast<char>(c - 'a' + 'A');
    } else if (c == '-') {
      name += '_';
    } else if ((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) {
      name += c;
    } else {
      return {};
    }
  }
  return name;
}

// Sets HTTP_* from all fields: repeated ones are one list, and cookies are no list but pairs.
// rule: cgi/repeated-field-becomes-one-value  (RFC 9110 5.3; RFC 6265 5.4)
void add_fields(Environment& environment, const std::vector<Field>& fields) {
  const std::size_t first = environment.size();
  for (const Field& field : fields) {
    const std::string name = http_variable(field.name);
    if (name.empty()) continue;
    const auto at = std::find_if(environment.begin() + static_cast<std::ptrdiff_t>(first), environment.end(),
                                 [&](const auto& entry) { return entry.first == name; });
    if (at == environment.end()) {
      environment.emplace_back(name, field.value);
      continue;
    }
    if (!at->second.empty() && !field.value.empty()) at->second += name == "HTTP_COOKIE" ? "; " : ", ";
    at->second += field.value;
  }
}

// Appends what the operator passes on, without what only a request may set.
// rule: environment/inherited-cgi-variables-stay-out
void add_passed_on(Environment& environment, const Environment& passed_on) {
  for (const auto& entry : passed_on) {
    const bool allowed = !is_request_variable(entry.first) || may_be_named(entry.first);
    if (allowed && !holds(environment, entry.first)) environment.push_back(entry);
  }
}

}  // namespace

Environment cgihttpserver_variables(const Request& request, std::string_view query, const ScriptPath& script,
                                    std::string_view content_length, const ServerIdentity& server,
                                    const Environment& passed_on) {
  FieldValues fields = values_of(request.fields);
  const auto value_or = [](const std::string* value, const char* otherwise) {
    return value != nullptr ? *value : std::string(otherwise);
  };
  Environment environment;
  environment.reserve(18 + passed_on.size());
  const auto set = [&](const char* name, std::string value) { environment.emplace_back(name, std::move(value)); };
  set("SERVER_SOFTWARE", server.software);
  set("SERVER_NAME", server.name);
  set("GATEWAY_INTERFACE", "CGI/1.1");
  set("SERVER_PROTOCOL", server.protocol);
  set("SERVER_PORT", std::to_string(server.port));
  set("REQUEST_METHOD", request.method);
  set("PATH_INFO", script.path_info);
  // RFC 3875 4.1.6 would leave it out without path-info.  rule: base/path-translated-is-always-set
  set("PATH_TRANSLATED", translated(server.root, script.path_info));
  set("SCRIPT_NAME", script.script_name);
  set("QUERY_STRING", std::string(query));
  set("REMOTE_ADDR", request.remote_addr);
  set("REMOTE_HOST", "");
  // RFC 3875 4.1.3 has no default.  rule: base/content-type-defaults-to-text-plain
  set("CONTENT_TYPE", value_or(fields.content_type, "text/plain"));
  set("CONTENT_LENGTH", std::string(content_length));
  set("HTTP_ACCEPT", std::move(fields.accept));
  set("HTTP_REFERER", value_or(fields.referer, ""));
  set("HTTP_USER_AGENT", value_or(fields.user_agent, ""));
  set("HTTP_COOKIE", std::move(fields.cookie));
  add_passed_on(environment, passed_on);
  return environment;
}

std::vector<std::string> cgihttpserver_arguments(std::string_view query) {
  if (query.find('=') != query.npos) return {};
  std::string words(query);
  std::replace(words.begin(), words.end(), '+', ' ');
  return {std::move(words)};
}

bool is_request_variable(std::string_view name) {
  for (std::string_view prefix :
       {"HTTP_", "REMOTE_", "CONTENT_", "SERVER_", "REQUEST_", "SCRIPT_", "PATH_", "REDIRECT_"}) {
    if (name.starts_with(prefix)) return true;
  }
  constexpr std::array<std::string_view, 5> kNames = {"AUTH_TYPE", "DOCUMENT_ROOT", "GATEWAY_INTERFACE", "HTTPS",
                                                      "QUERY_STRING"};
  return std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

Environment cgi11_variables(const Request& request, std::string_view query, const ScriptPath& script,
                            std::string_view content_length, const std::optional<std::string>& host,
                            std::string_view request_uri, const ServerIdentity& server, const Environment& passed_on) {
  Environment environment;
  environment.reserve(20 + request.fields.size() + passed_on.size());
  const auto set = [&](const char* name, std::string_view value) { environment.emplace_back(name, value); };
  if (!content_length.empty()) set("CONTENT_LENGTH", content_length);
  if (const auto type = request.first("Content-Type")) set("CONTENT_TYPE", *type);
  set("GATEWAY_INTERFACE", "CGI/1.1");
  // Scripts read PATH_INFO without asking whether it is there (wsgiref, bottle). RFC 3875 4.1 takes an empty variable
  // for an absent one, and 4.1.6 then wants no PATH_TRANSLATED.
  // rule: cgi/path-info-of-a-slash-is-not-none, cgi/path-translated-needs-path-info
  set("PATH_INFO", script.path_info);
  if (!script.path_info.empty()) set("PATH_TRANSLATED", translated(server.root, script.path_info));
  set("QUERY_STRING", query);
  // A link-local address comes with the zone, which is the server's business.  rule: cgi/remote-addr-is-the-peer
  set("REMOTE_ADDR", std::string_view(request.remote_addr).substr(0, request.remote_addr.find('%')));
  set("REQUEST_METHOD", request.method);
  set("SCRIPT_NAME", script.script_name);
  const std::string& name = host ? *host : server.name;
  const bool is_bare_ipv6 = name.find(':') != name.npos && !name.starts_with('[');
  set("SERVER_NAME", is_bare_ipv6 ? "[" + name + "]" : name);
  set("SERVER_PORT", std::to_string(server.port));
  set("SERVER_PROTOCOL", request.is_current() ? "HTTP/1.1" : "HTTP/1.0");
  set("SERVER_SOFTWARE", server.software);
  set("REQUEST_URI", request_uri);
  set("SCRIPT_FILENAME", translated(server.root, script.script_name));
  set("DOCUMENT_ROOT", server.root);
  set("REDIRECT_STATUS", "200");
  add_fields(environment, request.fields);
  add_passed_on(environment, passed_on);
  return environment;
}

bool may_be_named(std::string_view name) { return name == "AUTH_TYPE" || name == "REMOTE_USER" || name == "HTTPS"; }

std::optional<std::string_view> credentials(const Request& request) {
  const auto values = request.values("Authorization");
  return values.size() == 1 ? std::optional(values.front()) : std::nullopt;
}

std::vector<std::string> cgi11_arguments(std::string_view method, std::string_view query) {
  if ((method != "GET" && method != "HEAD") || query.empty() || query.find('=') != query.npos) return {};
  std::vector<std::string> words;
  for (std::size_t begin = 0; begin <= query.size();) {
    const std::size_t end = std::min(query.find('+', begin), query.size());
    const std::string& word = words.emplace_back(url_unquote(query.substr(begin, end - begin)));
    if (word.starts_with('-') || word.find('\0') != word.npos) return {};
    begin = end + 1;
  }
  return words;
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
