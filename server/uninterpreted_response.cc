#include "uninterpreted_response.h"

#include <algorithm>
#include <iterator>

#include "body.h"
#include "field_syntax.h"
#include "response_head.h"

namespace cgi {
namespace {

// The rest of a longer header section goes out as it is. Before it the server says that it will close the connection.
constexpr std::size_t kHeaderLimit = 64 * 1024;

constexpr std::string_view kFramingFields[] = {"content-length", "transfer-encoding", "connection", "keep-alive"};

// Appends a line. Some clients would take a bare CR for its end: as RFC 9112 2.2 allows, a space replaces it.
void append_line(std::string& text, std::string_view line) {
  for (std::size_t i = 0; i < line.size(); ++i) {
    text += line[i] == '\r' && !line.substr(i).starts_with("\r\n") ? ' ' : line[i];
  }
}

// Returns the characters of a field name that one may have: some clients ignore others around it.
std::string token_of(std::string_view name) {
  std::string token;
  std::ranges::copy_if(name, std::back_inserter(token), [](const char& c) { return is_token({&c, 1}); });
  return token;
}

// Returns the lines of a header section without the empty line and without the fields that frame the message. On a
// connection that stays open the server sets these, since the script's may be wrong.
// rule: injection/wrong-length-of-script
std::string without_framing(std::string_view section) {
  std::string kept;
  bool dropping = true;  // a line that would continue a field of the server
  while (!section.empty()) {
    const std::size_t end = section.find('\n');
    const std::string_view line = section.substr(0, end == std::string_view::npos ? section.size() : end + 1);
    const bool continued = line[0] == ' ' || line[0] == '\t' || line[0] == '\r';  // append_line() writes a space for it
    const std::size_t colon = line.find(':');
    if (!continued) dropping = colon != line.npos && is_one_of(kFramingFields, token_of(line.substr(0, colon)));
    const bool empty = line == "\n" || line == "\r\n";
    if (!dropping && !empty) append_line(kept, line);
    section.remove_prefix(line.size());
  }
  return kept;
}

}  // namespace

void UninterpretedResponse::take(std::string_view output) {
  if (delimiting_ == Delimiting::kClose && !head_only_) {
    ready_.append(output);  // rule: cgi/nph-output-is-not-held-back
    return;
  }
  if (header_done_) {
    if (!head_only_) body_.append(output);
    return;
  }
  const std::size_t seen = header_.size();
  header_.append(output);
  const std::size_t end = header_section_end(header_, seen);
  if (end != std::string::npos) {
    header_done_ = true;
    if (!head_only_) body_.assign(header_, end);
    header_.resize(end);
  } else if (header_.size() > kHeaderLimit && head_only_) {
    header_done_ = true;  // what follows may already be the body
    header_.resize(kHeaderLimit);
  } else if (header_.size() > kHeaderLimit) {
    end_by_close();
    ready_.append(without_framing(std::exchange(header_, {})));
  }
}

void UninterpretedResponse::begin_body() {
  body_begun_ = true;
  if (delimiting_ == Delimiting::kClose) {
    ready_.append(std::exchange(header_, {}));
    return;
  }
  // The server's own field comes first: some clients read no field behind a line that is none.
  if (finished_ && !head_only_) {
    add_field(ready_, "Content-Length", std::to_string(body_.size()));
  } else if (!head_only_) {
    chunks_ = true;
    add_field(ready_, "Transfer-Encoding", "chunked");
  }
  ready_.append(without_framing(std::exchange(header_, {}))).append("\r\n");
}

void UninterpretedResponse::finish() {
  finished_ = true;
  if (std::exchange(header_done_, true)) return;  // without output, the header section and the body are empty
  if (!header_.empty()) end_by_close();           // it has no end, so the body has no beginning
}

// Without the end of a header section there is no place for a length.
void UninterpretedResponse::end_by_close() {
  if (std::exchange(delimiting_, Delimiting::kClose) == Delimiting::kFramed) add_field(ready_, "Connection", "close");
}

std::string UninterpretedResponse::flush() {
  if (header_done_ && !body_begun_) begin_body();
  if (chunks_) {
    append_chunk(ready_, body_);
  } else {
    ready_.append(body_);
  }
  body_.clear();
  if (finished_ && std::exchange(chunks_, false)) ready_.append(kLastChunk);
  return std::exchange(ready_, {});
}

}  // namespace cgi
