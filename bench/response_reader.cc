#include "response_reader.h"

#include <algorithm>
#include <charconv>

namespace cgi::bench {
namespace {

constexpr std::size_t kLongestHead = 1 << 20;
constexpr std::size_t kLongestLine = 1 << 14;

bool is_same(std::string_view a, std::string_view lower_case) {
  return a.size() == lower_case.size() &&
         std::equal(a.begin(), a.end(), lower_case.begin(), [](char c, char lower) { return (c | 0x20) == lower; });
}

bool holds(std::string_view list, std::string_view word) {
  const auto at = std::search(list.begin(), list.end(), word.begin(), word.end(),
                              [](char c, char lower) { return (c | 0x20) == lower; });
  return at != list.end();
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r')) text.remove_suffix(1);
  return text;
}

// Returns whether the octets begin with the header of a TLS record, an alert or a handshake (RFC 8446 section 5.1).
bool begins_tls(std::string_view octets) {
  return octets.size() > 1 && (octets[0] == 0x15 || octets[0] == 0x16) && octets[1] == 0x03;
}

// Returns where the head ends, or npos. Some scripts end lines in LF, and some servers do not change that.
std::size_t end_of_head(std::string_view octets) {
  for (std::size_t at = octets.find('\n'); at != std::string_view::npos; at = octets.find('\n', at + 1)) {
    if (octets.substr(at + 1, 1) == "\n") return at + 2;
    if (octets.substr(at + 1, 2) == "\r\n") return at + 3;
  }
  return std::string_view::npos;
}

}  // namespace

void ResponseReader::begin(ContentCheck& check) {
  check_ = &check;
  state_ = State::kHead;
  partial_.clear();
  touched_ = false;
  is_tls_ = false;
  status_ = 0;
}

std::size_t ResponseReader::take(std::string_view octets) {
  std::size_t taken = 0;
  is_tls_ = !touched_ && begins_tls(octets);
  touched_ = touched_ || !octets.empty();
  if (is_tls_) state_ = State::kBroken;
  while (state_ == State::kHead && taken < octets.size()) {
    const std::string_view rest = octets.substr(taken);
    if (partial_.empty()) {  // the usual case: the whole head is here, without a copy
      if (const std::size_t length = end_of_head(rest); length != std::string_view::npos) {
        taken += length;
        take_head(rest.substr(0, length));
        continue;
      }
    }
    const std::size_t before = partial_.size();
    partial_ += rest;
    const std::size_t length = end_of_head(partial_);
    if (length == std::string_view::npos) {
      if (partial_.size() > kLongestHead) state_ = State::kBroken;
      return octets.size();
    }
    taken += length - before;
    const std::string head = partial_.substr(0, length);
    partial_.clear();
    take_head(head);
  }
  if (state_ == State::kContent) taken += take_content(octets.substr(taken));
  return taken;
}

void ResponseReader::end_of_input() {
  if (state_ == State::kContent && framing_ == Framing::kUntilEnd) {
    state_ = State::kComplete;
  } else if (state_ != State::kComplete) {
    state_ = State::kBroken;
  }
}

void ResponseReader::take_head(std::string_view head) {
  const std::size_t line_end = head.find('\n');
  const std::string_view line = head.substr(0, line_end);
  const bool is_http = line.size() >= 12 && line.substr(0, 7) == "HTTP/1." && line[8] == ' ';
  const char* digits = line.data() + 9;
  if (!is_http || std::from_chars(digits, digits + 3, status_).ptr != digits + 3) {
    state_ = State::kBroken;
    return;
  }
  keeps_connection_ = line[7] != '0';
  framing_ = Framing::kUntilEnd;
  left_ = 0;
  for (head.remove_prefix(line_end + 1); !head.empty() && state_ == State::kHead;) {
    const std::size_t end = head.find('\n');
    const std::string_view field = head.substr(0, end);
    const std::size_t colon = field.find(':');
    if (colon != std::string_view::npos) take_field(field.substr(0, colon), trimmed(field.substr(colon + 1)));
    head.remove_prefix(end + 1);
  }
  if (state_ == State::kBroken || status_ / 100 == 1) return;  // another head follows an interim response
  if (status_ == 204 || status_ == 304) {
    framing_ = Framing::kLength;
    left_ = 0;
  }
  chunk_ = Chunk::kSize;
  state_ = framing_ == Framing::kLength && left_ == 0 ? State::kComplete : State::kContent;
}

void ResponseReader::take_field(std::string_view name, std::string_view value) {
  if (is_same(name, "content-length") && framing_ != Framing::kChunks) {
    const std::uint64_t before = left_;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), left_);
    const bool is_other = framing_ == Framing::kLength && left_ != before;
    if (error != std::errc() || end != value.data() + value.size() || is_other) state_ = State::kBroken;
    framing_ = Framing::kLength;
  } else if (is_same(name, "transfer-encoding")) {
    framing_ = Framing::kChunks;
  } else if (is_same(name, "connection")) {
    keeps_connection_ = keeps_connection_ ? !holds(value, "close") : holds(value, "keep-alive");
  }
}

std::size_t ResponseReader::take_content(std::string_view octets) {
  switch (framing_) {
    case Framing::kChunks:
      return take_chunks(octets);
    case Framing::kUntilEnd:
      check_->take(octets);
      return octets.size();
    case Framing::kLength:
      break;
  }
  const auto length = static_cast<std::size_t>(std::min<std::uint64_t>(left_, octets.size()));
  check_->take(octets.substr(0, length));
  left_ -= length;
  if (left_ == 0) state_ = State::kComplete;
  return length;
}

std::size_t ResponseReader::take_chunks(std::string_view octets) {
  std::size_t taken = 0;
  while (state_ == State::kContent && taken < octets.size()) {
    const std::string_view rest = octets.substr(taken);
    if (chunk_ == Chunk::kData) {
      const auto length = static_cast<std::size_t>(std::min<std::uint64_t>(left_, rest.size()));
      check_->take(rest.substr(0, length));
      left_ -= length;
      taken += length;
      if (left_ == 0) chunk_ = Chunk::kDataEnd;
      continue;
    }
    const std::size_t end = rest.find('\n');
    partial_ += rest.substr(0, end);
    taken += end == std::string_view::npos ? rest.size() : end + 1;
    if (partial_.size() > kLongestLine) state_ = State::kBroken;
    if (end == std::string_view::npos) continue;
    if (!take_chunk_line()) state_ = State::kBroken;
    partial_.clear();
  }
  return taken;
}

// Reads the line of the framing in partial_: the size of a chunk, the empty line after its data, or a trailer. Returns
// false if it is broken.
bool ResponseReader::take_chunk_line() {
  const std::string_view line = trimmed(partial_);
  if (chunk_ == Chunk::kDataEnd) {
    chunk_ = Chunk::kSize;
    return line.empty();
  }
  if (chunk_ == Chunk::kTrailer) {
    if (line.empty()) state_ = State::kComplete;
    return true;
  }
  const std::string_view digits = trimmed(line.substr(0, line.find(';')));
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), left_, 16);
  chunk_ = left_ == 0 ? Chunk::kTrailer : Chunk::kData;
  return error == std::errc() && end == digits.data() + digits.size();
}

}  // namespace cgi::bench
