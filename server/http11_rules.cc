#include "http11_rules.h"

#include <algorithm>

#include "field_syntax.h"
#include "quote.h"

namespace cgi {
namespace {

// A registered name or an IPv4 address. RFC 3986 3.2.2 also allows a comma, but most programs read "a,b" as two values.
bool is_registered_name(std::string_view text) {
  static constexpr CharacterSet kAllowed("-._~!$&'()*+;=%");
  for (std::size_t i = text.find('%'); i != text.npos; i = text.find('%', i + 1)) {
    if (i + 2 >= text.size() || hex_value(text[i + 1]) < 0 || hex_value(text[i + 2]) < 0) return false;
  }
  return !text.empty() && kAllowed.has_all(text);
}

// "[2001:db8::1]". It has no zone, which only the client's machine knows.
bool is_ipv6_literal(std::string_view text) {
  if (text.size() < 2 || text.front() != '[' || text.back() != ']') return false;
  const std::string address(text.substr(1, text.size() - 2));
  in6_addr parsed{};
  return address.find('\0') == address.npos && ::inet_pton(AF_INET6, address.c_str(), &parsed) == 1;
}

// Returns the host of "host[:port]" in lower case; nothing if it is invalid. User information is invalid, too: it only
// serves phishing.  rule: http/invalid-host-is-400, cgi/server-name-has-no-port  (RFC 9110 4.2.4)
std::optional<std::string> host_of(std::string_view authority) {
  std::string_view host = authority;
  const std::size_t colon = authority.rfind(':');
  if (colon != authority.npos && !authority.ends_with(']')) {
    host = authority.substr(0, colon);
    const std::string_view port = authority.substr(colon + 1);
    if (!port.empty() && !is_number(port)) return std::nullopt;
  }
  if (!is_registered_name(host) && !is_ipv6_literal(host)) return std::nullopt;
  return lowered(host);
}

// HeadParser accepts the same spaces as CPython. RFC 9112 3 allows exactly one between the words.
bool is_strict_line(const Request& request) {
  std::string_view line = request.line;
  return is_token(request.method) && cut(line, ' ') == request.method && cut(line, ' ') == request.target &&
         line == request.version;
}

// Reads the Host field. RFC 9112 3.2: an HTTP/1.1 request has exactly one, and it may be empty.
// rule: http/host-is-required, http/two-hosts-are-400, http/invalid-host-is-400
std::optional<Refusal> take_host(Request& request) {
  const auto hosts = request.values("Host");
  if (hosts.empty() && request.is_current()) return Refusal{400, "The Host field is missing"};
  if (hosts.size() > 1) return Refusal{400, "There is more than one Host field"};
  if (hosts.empty()) return std::nullopt;
  if (hosts[0].empty() && (request.target.starts_with('/') || request.target == "*")) return std::nullopt;
  request.host = host_of(hosts[0]);
  if (!request.host) return Refusal{400, "Bad Host field (" + excerpt(hosts[0]) + ")"};
  return std::nullopt;
}

// Turns "http://host:port/path?query" into "/path?query". Its host replaces the Host field, so that a script reads the
// same host there as a proxy that read the target.
// rule: http/absolute-form-host-wins  (RFC 9112 3.2.2)
std::optional<Refusal> take_absolute_form(Request& request) {
  const std::string target = request.target;
  const std::size_t colon = target.find("://");
  const std::string_view scheme = std::string_view(target).substr(0, std::min(colon, target.size()));
  if (colon != target.npos && equals_ignoring_case(scheme, "https")) {
    // rule: http/https-uri-needs-secure-connection  (RFC 9110 7.4)
    return Refusal{421, "This connection is not secured, as https asks for"};
  }
  if (colon == target.npos || !equals_ignoring_case(scheme, "http")) {
    return Refusal{400, "Bad request target (neither a path nor an http URI)"};
  }
  const std::string_view rest = std::string_view(target).substr(colon + 3);
  const std::size_t end = std::min(rest.find_first_of("/?"), rest.size());
  request.host = host_of(rest.substr(0, end));
  if (!request.host) return Refusal{400, "Bad request target (its host)"};
  std::erase_if(request.fields, [](const Field& field) { return equals_ignoring_case(field.name, "Host"); });
  request.fields.push_back({"Host", std::string(rest.substr(0, end))});
  const std::string_view path = rest.substr(end);
  if (path.empty() && request.method == "OPTIONS") {
    request.target = "*";  // RFC 9112 3.2.4
  } else {
    request.target = (path.starts_with('/') ? "" : "/") + std::string(path);
  }
  return std::nullopt;
}

}  // namespace

std::optional<Refusal> apply_http11_rules(Request& request) {
  request.host.reset();
  if (request.major < 1) return Refusal{400, "Bad request version (" + python_repr(request.version) + ")"};
  if (!is_strict_line(request)) return Refusal{400, "Bad request syntax (" + python_repr(request.line) + ")"};
  const std::string& target = request.target;
  if (std::any_of(target.begin(), target.end(), is_control)) {  // tabs separate words
    return Refusal{400, "Bad request target (a control character)"};
  }
  if (target.find('#') != target.npos) return Refusal{400, "Bad request target (a fragment)"};
  if (request.method == "CONNECT") return Refusal{501, "Unsupported method ('CONNECT')"};
  if (auto refusal = take_host(request)) return refusal;
  if (target.starts_with('/')) return std::nullopt;
  if (target != "*") return take_absolute_form(request);
  if (request.method != "OPTIONS") return Refusal{400, "Bad request target ('*' is for OPTIONS)"};
  return std::nullopt;
}

bool is_for_host(const Request& request, const std::vector<std::string>& hosts) {
  return std::ranges::all_of(request.values("Host"), [&](std::string_view field) {
    const auto host = host_of(field);
    return host && std::ranges::count(hosts, *host) > 0;
  });
}

}  // namespace cgi
