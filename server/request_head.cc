#include "request_head.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "field_syntax.h"
#include "quote.h"

namespace cgi {
namespace {

// Only ASCII blanks separate the words of the request line. Python's split() of Latin-1 text also splits at 0x1c-0x1f,
// 0x85 and 0xa0, which other programs on the way do not.  rule: http/message-is-octets
constexpr auto kIsWordSpace = [](char c) { return c == ' ' || c == '\t' || c == '\v' || c == '\f'; };

constexpr std::string_view kFieldSpace = " \t";
constexpr std::string_view kNeverFolded[] = {"content-length", "transfer-encoding", "host"};

// Cuts the first word off `text`. It is empty if there is none.
std::string_view next_word(std::string_view& text) {
  const auto* begin = std::find_if_not(text.begin(), text.end(), kIsWordSpace);
  const auto* end = std::find_if(begin, text.end(), kIsWordSpace);
  text.remove_prefix(static_cast<std::size_t>(end - text.begin()));
  return {begin, static_cast<std::size_t>(end - begin)};
}

// A NUL would cut what a script gets, and some programs take a CR inside a line for a line end (RFC 9112 2.2).
// rule: http/bare-cr-ends-no-line
bool holds_nul_or_cr(std::string_view line) { return line.find('\0') != line.npos || line.find('\r') != line.npos; }

// Reads one to ten digits, as CPython does since 3.11. A number that is too large counts as the largest one.
std::optional<int> version_part(std::string_view text) {
  if (text.size() > 10) return std::nullopt;
  if (const auto number = to_number<int>(text)) return number;
  return is_number(text) ? std::optional(std::numeric_limits<int>::max()) : std::nullopt;
}

// Sets version, major and minor.
// rule: base/version-begins-with-http, base/version-is-two-numbers, base/major-version-2-is-505
// rule: base/higher-minor-version-is-served, http/higher-minor-version-is-served, http/malformed-version-is-400
std::optional<Refusal> take_version(std::string_view word, Request& request) {
  constexpr std::string_view kPrefix = "HTTP/";
  const std::size_t dot = word.find('.');
  if (word.starts_with(kPrefix) && dot != word.npos) {
    const auto major = version_part(word.substr(kPrefix.size(), dot - kPrefix.size()));
    const auto minor = version_part(word.substr(dot + 1));
    if (major && minor) {
      if (*major >= 2) {  // rule: http/unsupported-major-version-is-505
        return Refusal{505, "Invalid HTTP version (" + std::string(word.substr(kPrefix.size())) + ")"};
      }
      request.version = word;
      request.major = *major;
      request.minor = *minor;
      return std::nullopt;
    }
  }
  return Refusal{400, "Bad request version (" + python_repr(word) + ")"};
}

}  // namespace

// rule: http/field-names-ignore-case-and-order
std::vector<std::string_view> Request::values(std::string_view name) const {
  std::vector<std::string_view> found;
  for (const Field& field : fields) {
    if (equals_ignoring_case(field.name, name)) found.push_back(field.value);
  }
  return found;
}

std::optional<std::string_view> Request::first(std::string_view name) const {
  for (const Field& field : fields) {
    if (equals_ignoring_case(field.name, name)) return field.value;
  }
  return std::nullopt;
}

// rule: base/long-request-line-is-414, base/long-field-line-is-431, http/long-target-is-414, http/oversized-head-is-4xx
// rule: base/lines-end-in-crlf-or-lf, http/packet-boundaries-mean-nothing, http/bare-lf-may-end-line
std::size_t HeadParser::consume(std::string_view bytes) {
  std::size_t used = 0;
  while (!done_ && used < bytes.size()) {
    const std::string_view rest = bytes.substr(used);
    // The head may not grow by more than `allowed` octets, whatever pieces it arrives in.
    const std::size_t line_allowed = limits_.line - partial_.size();
    const std::size_t head_allowed = limits_.total - received_;
    const std::size_t allowed = std::min(line_allowed, head_allowed);
    const std::size_t end = rest.substr(0, allowed).find('\n');
    std::size_t taken = rest.size();
    if (end != rest.npos) {
      taken = end + 1;
      if (partial_.empty()) {
        take_line(rest.substr(0, end));
      } else {
        partial_.append(rest.substr(0, end));
        take_line(std::exchange(partial_, {}));
      }
    } else if (rest.size() > allowed) {
      taken = allowed + 1;
      if (!has_request_line_) {
        refuse({414, "URI Too Long"});
      } else {
        refuse({431, line_allowed <= head_allowed ? "Line too long" : "Request header is too long"});
      }
    } else {
      partial_.append(rest);
    }
    received_ += taken;
    used += taken;
  }
  return used;
}

void HeadParser::end_of_input() {
  if (done_) return;
  if (!partial_.empty()) take_line(std::exchange(partial_, {}));
  done_ = true;
}

// `line` has no LF.
// rule: base/too-many-fields-are-431, resource/many-fields-cost-linear-time
void HeadParser::take_line(std::string_view line) {
  if (!has_request_line_) return take_request_line(line);
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  if (line.empty()) {
    done_ = true;
  } else if (++field_lines_ > limits_.fields) {
    refuse({431, "Too many headers"});
  } else {
    take_field_line(line);
  }
}

// rule: base/whitespace-separates-words, base/wrong-number-of-words-is-400, base/two-words-are-http-0-9
// rule: base/http-0-9-is-get-only, base/request-line-has-three-words, http/any-whitespace-may-separate-words
void HeadParser::take_request_line(std::string_view line) {
  while (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  has_request_line_ = true;
  std::string_view rest = line;
  const std::string_view method = next_word(rest);
  const std::string_view target = next_word(rest);
  std::string_view version;
  std::size_t words = method.empty() ? 0 : target.empty() ? 1 : 2;
  for (std::string_view word = next_word(rest); !word.empty(); word = next_word(rest)) {
    version = word;
    ++words;
  }
  if (words == 0) {
    done_ = true;
    return;
  }
  request_.line = line;
  const auto bad_syntax = [&] { refuse({400, "Bad request syntax (" + python_repr(line) + ")"}); };
  if (holds_nul_or_cr(line)) return bad_syntax();
  // CPython checks the last word as a version before it counts the words.
  if (words >= 3) {
    if (auto refusal = take_version(version, request_)) return refuse(std::move(*refusal));
  }
  if (words != 2 && words != 3) return bad_syntax();
  const bool simple = words == 2 || request_.is_simple();
  request_.version.clear();  // a refusal must have a status line
  if (simple && method != "GET") return refuse({400, "Bad HTTP/0.9 request type (" + python_repr(method) + ")"});
  request_.method = method;
  request_.target = target;
  request_.version = simple ? "HTTP/0.9" : version;
  if (simple) request_.major = 0, request_.minor = 9;
  request_.fields.reserve(16);
}

// A refusal does not repeat the line: it may hold a password, and the server logs the reason.  rule: log/no-credentials
// rule: http/malformed-field-line-is-400, http/space-before-colon-is-400, http/no-cr-lf-or-nul-in-field-value
// rule: http/space-before-first-field, http/folded-field-is-refused-or-joined, http/whitespace-around-value-is-dropped
// rule: cgi/field-value-fits-a-variable, cgi/no-nul-in-variables, environment/no-line-end-and-no-cut-at-nul
void HeadParser::take_field_line(std::string_view line) {
  if (holds_nul_or_cr(line)) return refuse({400, "Bad header field (a control character)"});
  if (kFieldSpace.find(line.front()) != kFieldSpace.npos) {
    // RFC 9112 2.2 forbids this in the first field line. Elsewhere one space replaces the fold (5.2).
    if (request_.fields.empty()) return refuse({400, "Bad header field (starts with a space)"});
    // Another program on the way may not join the lines, and would see another framing or another host.
    // rule: http/folded-framing-field-is-400
    if (is_one_of(kNeverFolded, request_.fields.back().name)) return refuse({400, "Bad header field (folded)"});
    std::string& value = request_.fields.back().value;
    const std::string_view more = trim(line);
    if (!value.empty() && !more.empty()) value += ' ';  // rule: cgi/folded-field-becomes-one-value
    value.append(more);
    return;
  }
  const std::size_t colon = line.find(':');
  if (colon == line.npos) return refuse({400, "Bad header field (no colon)"});
  const std::string_view name = line.substr(0, colon);
  if (!is_token(name)) return refuse({400, "Bad header field (name)"});
  request_.fields.push_back({std::string(name), std::string(trim(line.substr(colon + 1)))});
}

void HeadParser::refuse(Refusal refusal) {
  refusal_ = std::move(refusal);
  done_ = true;
}

}  // namespace cgi
