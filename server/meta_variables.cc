#include "meta_variables.h"

#include <algorithm>
#include <array>

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

bool is_called(const Field& field, std::string_view lower_case_name) {
  return std::equal(field.name.begin(), field.name.end(), lower_case_name.begin(), lower_case_name.end(),
                    [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a - 'A' + 'a' : a) == b; });
}

void take_first(const std::string*& place, const Field& field) {
  if (place == nullptr) place = &field.value;
}

// Only these fields reach a script: "Proxy:" would become HTTP_PROXY, which its HTTP client trusts
// (CVE-2016-5385; environment-1). base-68.
FieldValues values_of(const std::vector<Field>& fields) {
  FieldValues found;
  for (const Field& field : fields) {
    if (is_called(field, "accept")) {
      if (found.has_accept) found.accept += ',';
      found.accept += field.value;
      found.has_accept = true;
    } else if (is_called(field, "cookie")) {
      if (!found.cookie.empty() && !field.value.empty()) found.cookie += ", ";
      found.cookie += field.value;
    } else if (is_called(field, "content-type")) {
      take_first(found.content_type, field);
    } else if (is_called(field, "referer")) {
      take_first(found.referer, field);
    } else if (is_called(field, "user-agent")) {
      take_first(found.user_agent, field);
    }
  }
  return found;
}

// Never set here, so nobody else may set them for a client that was not checked. environment-7, environment-9.
constexpr std::array<std::string_view, 3> kUnchecked = {"AUTH_TYPE", "REMOTE_IDENT", "REMOTE_USER"};

bool holds(const Environment& environment, std::string_view name) {
  return std::any_of(environment.begin(), environment.end(), [&](const auto& entry) { return entry.first == name; });
}

}  // namespace

Environment meta_variables(const Request& request, std::string_view query, const ScriptPath& script,
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
  // RFC 3875 4.1.6 would leave it out without path-info. base-74.
  set("PATH_TRANSLATED", server.root + script.path_info);
  set("SCRIPT_NAME", script.script_name);
  set("QUERY_STRING", std::string(query));
  set("REMOTE_ADDR", request.remote_addr);
  set("REMOTE_HOST", "");
  // base-71: RFC 3875 4.1.3 has no default.
  set("CONTENT_TYPE", value_or(fields.content_type, "text/plain"));
  set("CONTENT_LENGTH", std::string(content_length));
  set("HTTP_ACCEPT", std::move(fields.accept));
  set("HTTP_REFERER", value_or(fields.referer, ""));
  set("HTTP_USER_AGENT", value_or(fields.user_agent, ""));
  set("HTTP_COOKIE", std::move(fields.cookie));
  for (const auto& entry : passed_on) {
    const bool unchecked = std::find(kUnchecked.begin(), kUnchecked.end(), entry.first) != kUnchecked.end();
    if (!unchecked && !holds(environment, entry.first)) environment.push_back(entry);
  }
  return environment;
}

std::vector<std::string> script_arguments(std::string_view query) {
  if (query.find('=') != query.npos) return {};
  std::string words(query);
  std::replace(words.begin(), words.end(), '+', ' ');
  return {std::move(words)};
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
