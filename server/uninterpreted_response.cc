#include "uninterpreted_response.h"

#include "body.h"
#include "field_syntax.h"
#include "response_head.h"

namespace cgi {
namespace {

// A longer header section goes out as it is, and the server closes the connection after the response.
constexpr std::size_t kHeaderLimit = 64 * 1024;

constexpr std::string_view kFramingFields[] = {"content-length", "transfer-encoding", "connection", "keep-alive"};

// Returns the lines of a header section without the empty line and without the fields that frame the message. On a
// connection that stays open the server sets these, since the script's may be wrong.
// rule: injection/wrong-length-of-script
std::string without_framing(std::string_view section) {
  std::string kept;
  bool dropping = false;
  while (!section.empty()) {
    const std::size_t end = section.find('\n');
    const std::string_view line = section.substr(0, end == std::string_view::npos ? section.size() : end + 1);
    const bool continued = line[0] == ' ' || line[0] == '\t';
    const std::size_t colon = line.find(':');
    // Some clients allow blanks before the colon.
    if (!continued) dropping = colon != line.npos && is_one_of(kFramingFields, trim(line.substr(0, colon)));
    const bool empty = line == "\n" || line == "\r\n";
    if (!dropping && !empty) kept.append(line);
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
    delimiting_ = Delimiting::kClose;  // without a header section there is no place for a length
    ready_.append(header_);
    header_.clear();
  }
}

void UninterpretedResponse::begin_body() {
  body_begun_ = true;
  if (delimiting_ == Delimiting::kClose) {
    ready_.append(std::exchange(header_, {}));
    return;
  }
  ready_.append(without_framing(std::exchange(header_, {})));
  if (finished_ && !head_only_) {
    add_field(ready_, "Content-Length", std::to_string(body_.size()));
  } else if (!head_only_) {
    chunks_ = true;
    add_field(ready_, "Transfer-Encoding", "chunked");
  }
  ready_.append("\r\n");
}

void UninterpretedResponse::finish() {
  finished_ = true;
  if (std::exchange(header_done_, true)) return;           // without output, the header section and the body are empty
  if (!header_.empty()) delimiting_ = Delimiting::kClose;  // it has no end, so the body has no beginning
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
