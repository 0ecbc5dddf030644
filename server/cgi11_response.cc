#include "cgi11_response.h"

#include <algorithm>
#include <limits>

#include "body.h"
#include "field_syntax.h"
#include "pages.h"
#include "quote.h"
#include "response_head.h"
#include "script_lines.h"

namespace cgi {
namespace {

constexpr std::size_t kBlockLimit = 1 << 20;
// Python's cgitb prints this line and "Content-Type: text/html" before the page of a traceback. It relies on servers
// that take the line for a field.  rule: script-output/cgitb-first-line-is-skipped
constexpr std::string_view kTracebackPage = "<!--: spam";
constexpr std::uint64_t kNoEnd = std::numeric_limits<std::uint64_t>::max();

using Problem = std::optional<std::string>;

// The fields for the server. None may appear twice.
// rule: cgi/header-needs-cgi-field-none-twice  (RFC 3875 6.3)
struct CgiFields {
  std::optional<std::string_view> content_type, location, status, content_length;

  std::optional<std::string_view>* place_of(std::string_view name) {
    if (equals_ignoring_case(name, "content-type")) return &content_type;
    if (equals_ignoring_case(name, "location")) return &location;
    if (equals_ignoring_case(name, "status")) return &status;
    if (equals_ignoring_case(name, "content-length")) return &content_length;
    return nullptr;
  }
};

// The fields that the server sets itself. Status is no field of HTTP, Content-Length may be wrong, Date and Server
// appear once, and the others are about the connection.
// rule: cgi/script-connection-fields-may-stay-out, cgi/server-resolves-field-conflicts
// rule: injection/wrong-length-of-script  (RFC 3875 6.3.4)
constexpr std::string_view kOwned[] = {
    "status",  "content-length",    "date",   "server", "connection", "keep-alive", "te",
    "trailer", "transfer-encoding", "upgrade"};
constexpr std::string_view kOwnedOfProxies[] = {"proxy-authenticate", "proxy-authentication-info",
                                                "proxy-authorization", "proxy-connection"};

// Reads one line of the block. A problem quotes names only: refused_lines() shows values, and leaves out secrets.
// rule: log/no-credentials
Problem take_field(std::string_view line, CgiFields& sent, std::vector<Field>& fields) {
  // RFC 3875 6.3 has no folding, and the client would get the folded line.
  // rule: cgi/header-lines-are-not-folded
  if (line[0] == ' ' || line[0] == '\t') return "it begins with a space: fields are not folded";
  const std::size_t colon = line.find(':');
  if (colon == line.npos) return excerpt(line) + " is not a field: it has no colon";
  const std::string_view name = line.substr(0, colon);
  if (name.ends_with(' ') || name.ends_with('\t')) return "there is a space before the colon of " + excerpt(name);
  if (!is_token(name)) return excerpt(name) + " is not a field name";
  const std::string_view value = trim(line.substr(colon + 1));
  // Some clients take a CR for the end of the line: a script could split the response.
  // rule: injection/script-splits-response
  if (std::any_of(value.begin(), value.end(), is_control)) return "there is a control character in " + excerpt(name);

  if (auto* place = sent.place_of(name)) {
    // RFC 3875 6.3: a field without a value counts as not sent. A Status without a value is wrong.
    // rule: cgi/empty-cgi-field-counts-as-absent
    if (value.empty() && (place == &sent.location || place == &sent.content_type)) return std::nullopt;
    if (*place) return "there is a second " + excerpt(name);
    *place = value;
  }
  const bool is_owned = is_one_of(kOwned, name) || is_one_of(kOwnedOfProxies, name);
  if (!is_owned) fields.push_back({std::string(name), std::string(value)});
  return std::nullopt;
}

// A status 1xx is no final response, and 101 would give the connection to the script.
// rule: cgi/status-code-reaches-client, cgi/reason-phrase-may-be-missing, cgi/malformed-status-is-an-error
Problem take_status(std::string_view value, Cgi11Head& head) {
  const auto code = to_number<int>(value.substr(0, 3));
  if (!code || value.size() < 3 || (value.size() > 3 && value[3] != ' ')) {
    return "Status " + excerpt(value) + " is not three digits";
  }
  head.status = *code;
  if (head.status < 200) return "Status " + excerpt(value) + " is not between 200 and 999";
  head.reason = trim(value.substr(3));
  return std::nullopt;
}

Problem take_length(std::string_view value, Cgi11Head& head) {
  if (!is_number(value)) return "Content-Length " + excerpt(value) + " is not a number";
  head.content_length = to_number<std::uint64_t>(value);
  if (!head.content_length) return "Content-Length " + excerpt(value) + " is too large";
  return std::nullopt;
}

// "//host" names another host, and browsers read "/\host" so, too: both go to the client. RFC 3875 6.2.2.
bool is_local(std::string_view location) {
  return location.starts_with('/') && !location.starts_with("//") && !location.starts_with("/\\");
}

}  // namespace

std::variant<Cgi11Head, std::string> parse_cgi11_head(std::string_view block) {
  Cgi11Head head;
  CgiFields sent;
  for (int number = 1; !block.empty(); ++number) {
    std::string_view line = cut(block, '\n');
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) break;
    if (number == 1 && line == kTracebackPage) continue;
    if (auto problem = take_field(line, sent, head.fields)) {
      return "line " + std::to_string(number) + " of the header block: " + *problem;
    }
  }
  if (!sent.content_type && !sent.status && !sent.location) {
    return "the header block has no Content-Type, Status or Location";
  }
  Problem problem;
  if (sent.status) problem = take_status(*sent.status, head);
  if (!problem && sent.content_length) problem = take_length(*sent.content_length, head);
  if (problem) return *problem;
  if (sent.location && !sent.status) {
    head.status = 302;  // rule: cgi/absolute-location-is-302, cgi/location-is-uri-or-absolute-path  (RFC 3875 6.2.3)
    if (is_local(*sent.location)) head.local_location = *sent.location;
  }
  // A phrase may be empty. "???" is for error pages only.
  if (head.reason.empty() && standard_reason(head.status) != "???") head.reason = standard_reason(head.status);
  return head;
}

void Cgi11Response::take(std::string_view output) {
  if (is_refused()) refused_.append(output.substr(0, kRefusedKept - refused_.size()));
  if (is_ignored()) return;
  if (head_) return take_content(output);
  const std::size_t seen = block_.size();
  block_.append(output);  // rule: cgi/no-fixed-buffer-cuts-output
  const std::size_t end = header_section_end(block_, seen);
  if (end == block_.npos || end > kBlockLimit) {
    if (block_.size() >= kBlockLimit) fail_without_end("the header block has no end within 1 MiB");
    return;
  }
  const std::string block = std::exchange(block_, {});
  auto parsed = parse_cgi11_head(std::string_view(block).substr(0, end));
  if (auto* problem = std::get_if<std::string>(&parsed)) return fail(std::move(*problem), block);
  head_ = std::get<Cgi11Head>(std::move(parsed));
  // rule: cgi/head-discards-script-body  (RFC 9110 6.4.1, 15.3.6; RFC 3875 4.3.3)
  // rule: http/no-body-with-204-or-304, injection/body-after-head-or-304
  no_content_ = terms_.head_only || head_->status == 204 || head_->status == 205 || head_->status == 304;
  left_ = head_->content_length.value_or(kNoEnd);
  take_content(std::string_view(block).substr(end));
}

void Cgi11Response::take_content(std::string_view octets) {
  if (is_ignored() || no_content_) return;
  octets = octets.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(left_, octets.size())));
  content_.append(octets);  // rule: cgi/script-body-is-unmodified
  if (left_ != kNoEnd) left_ -= octets.size();
}

void Cgi11Response::fail(std::string problem, std::string_view output) {
  problem_ = std::move(problem);
  refused_ = output.substr(0, kRefusedKept);
}

// A wrong line explains more than a missing end: usually the output is no header block at all.
void Cgi11Response::fail_without_end(std::string_view what) {
  const std::string block = std::exchange(block_, {});
  std::string_view whole_lines = std::string_view(block).substr(0, kBlockLimit);
  if (const std::size_t end = whole_lines.rfind('\n'); end != block.npos) whole_lines = whole_lines.substr(0, end + 1);
  auto parsed = parse_cgi11_head(whole_lines);
  auto* problem = std::get_if<std::string>(&parsed);
  fail(problem != nullptr ? std::move(*problem) : std::string(what), block);
}

void Cgi11Response::finish() {
  finished_ = true;
  if (is_ignored() || head_) return;
  if (block_.empty()) {
    problem_ = "no header block: the script printed nothing";
  } else {
    fail_without_end("the header block has no end: there is no empty line after it");
  }
}

std::string Cgi11Response::begin() {  // rule: cgi/header-becomes-http-fields
  begun_ = true;
  if (terms_.on_status) terms_.on_status(head_->status);
  std::string out = "HTTP/1.1 " + std::to_string(head_->status);  // rule: cgi/redirect-document-is-valid-http
  out.append(" ").append(head_->reason).append("\r\n").append(terms_.server_lines);
  for (const Field& field : head_->fields) add_field(out, field.name, field.value);

  const auto add_length = [&](std::uint64_t length) { add_field(out, "Content-Length", std::to_string(length)); };
  const auto claimed = head_->content_length;
  if (head_->status == 205) {
    add_length(0);  // RFC 9110 15.3.6
  } else if (no_content_) {
    if (claimed && terms_.head_only && head_->status != 204 && head_->status != 304) add_length(*claimed);
  } else if (finished_) {
    add_length(content_.size());
  } else if (claimed) {
    add_length(*claimed);
    promised_ = true;
  } else if (terms_.may_chunk) {
    add_field(out, "Transfer-Encoding", "chunked");
    chunks_ = true;
  } else {
    closes_ = true;
  }
  if (closes_ || !terms_.may_stay_open) {
    add_field(out, "Connection", "close");
  } else if (!terms_.may_chunk) {
    // A client of HTTP/1.0 must be told.  rule: base/http-1-1-keeps-connections  (RFC 9112 9.3)
    add_field(out, "Connection", "keep-alive");
  }
  out.append("\r\n");
  return out;
}

std::string Cgi11Response::flush() {
  if (!head_ || is_ignored()) return {};
  std::string out;
  if (!begun_) out = begin();
  if (chunks_) {
    append_chunk(out, content_);
  } else if (out.empty()) {
    out.swap(content_);
  } else {
    out.append(content_);
  }
  content_.clear();  // keeps its memory, which a long output needs again
  if (finished_ && std::exchange(chunks_, false)) out.append(kLastChunk);
  return out;
}

bool Cgi11Response::keeps_connection() const {
  const bool complete = begun_ && finished_ && !(promised_ && left_ > 0);
  return complete && terms_.may_stay_open && !closes_;
}

}  // namespace cgi
