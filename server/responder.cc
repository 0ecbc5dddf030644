#include "responder.h"

#include <algorithm>
#include <ctime>

#include "field_syntax.h"
#include "pages.h"
#include "response_head.h"

namespace cgi {

std::string Responder::begin(const Request& request, int status, std::string_view reason) const {
  log_.request(request.remote_addr, request.line, status);
  return response_head(protocol_, status, reason, std::time(nullptr));
}

After Responder::end_head(const Request& request, std::string& head) const {
  const bool stays = stays_open(request);
  const bool old_client = request.major == 1 && request.minor == 0;
  if (stays && old_client) add_field(head, "Connection", "keep-alive");
  if (!stays && is_persistent()) add_field(head, "Connection", "close");  // rule: http/close-is-announced
  head.append("\r\n");
  if (request.is_simple()) head.clear();
  return stays ? After::kNextRequest : After::kLinger;
}

// rule: base/errors-are-html-pages, base/no-body-with-head-204-205-304, base/head-error-has-fields-of-get
// rule: http/refusal-has-status-line-and-closes, traversal/refusal-has-status-line
std::string Responder::refusal(const Request& request, const Refusal& refusal) const {
  log_.refusal(request.remote_addr, refusal.status, refusal.reason);
  const std::string page = error_page(refusal.status, refusal.reason);
  std::string head = begin(request, refusal.status, refusal.reason);
  add_field(head, "Connection", "close");
  add_field(head, "Content-Type", kErrorContentType);
  add_field(head, "Content-Length", std::to_string(page.size()));
  head.append("\r\n");
  // A request that the server refuses before it knows the version gets a head.
  // rule: base/http-0-9-is-get-only, base/version-begins-with-http
  if (request.is_simple() && request.method == "GET") head.clear();
  if (request.method != "HEAD") head.append(page);
  return head;
}

After Responder::refuse(Connection& client, const Request& request, const Refusal& refusal) const {
  client.send_all(this->refusal(request, refusal));
  return After::kLinger;
}

bool Responder::waits_for_continue(const Request& request) const {
  return is_persistent() && request.is_current() && has_token(request, "Expect", "100-continue");
}

bool Responder::stays_open(const Request& request) const {
  if (!is_persistent() || request.is_simple() || closing_ || has_token(request, "Connection", "close")) return false;
  return request.is_current() || has_token(request, "Connection", "keep-alive");
}

bool has_token(const Request& request, std::string_view name, std::string_view token) {
  for (std::string_view value : request.values(name)) {
    while (!value.empty()) {
      if (equals_ignoring_case(trim(cut(value, ',')), token)) return true;
    }
  }
  return false;
}

}  // namespace cgi
