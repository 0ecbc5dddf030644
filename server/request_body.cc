#include "request_body.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "nameless_file.h"

namespace cgi {
namespace {

constexpr std::uint64_t kMostDropped = 1 << 20;

}  // namespace

bool RequestBody::has_room_for(std::uint64_t octets) { return spool_ == nullptr || spool_->extend(share_, octets); }

bool RequestBody::store(std::string_view data) {
  if (!file_ && memory_.size() + data.size() > kInMemory) {
    if (!has_room_for(memory_.size())) return false;
    file_ = nameless_file();
    if (!file_ || !write_all(file_.get(), memory_)) return false;
    memory_.clear();
  }
  stored_ += data.size();
  if (file_) return has_room_for(data.size()) && write_all(file_.get(), data);
  memory_.append(data);
  return true;
}

void RequestBody::note_progress(const Connection& client) {
  if (!seen_) return;
  const std::uint64_t before = std::exchange(*seen_, client.received());  // the server may read ahead, without wait()
  pace_.moved(client.received() - before, Clock::now());
}

std::optional<Refusal> RequestBody::take(Connection& client, Fill arrived) {
  if (arrived == Fill::kTimeout) return Refusal{408, "Request body not complete in time"};
  if (arrived == Fill::kData) note_progress(client);
  if (!is_chunked()) {
    if (arrived != Fill::kData) from_client_ = std::min<std::uint64_t>(from_client_, client.buffered().size());
    return std::nullopt;
  }
  if (arrived != Fill::kData) return Refusal{400, "Request body ends early"};
  std::string data;
  client.consume(decoder_.decode(client.buffered(), data));
  if (decoder_.broken()) return Refusal{400, "Bad chunked request body"};
  if (stored_ + data.size() > limit_) return Refusal{413, "Request body is too large"};
  if (!store(data)) return Refusal{503, "No room for the request body"};
  return std::nullopt;
}

std::optional<Refusal> RequestBody::take_more(Connection& client, Fill& arrived) {
  do {
    if (auto refusal = take(client, arrived)) return refusal;
    if (has_arrived(client)) break;
    arrived = client.fill_now();
  } while (arrived == Fill::kData || arrived == Fill::kEnd);
  return std::nullopt;
}

bool RequestBody::has_begun(const Connection& client) const {
  return has_arrived(client) || (!is_chunked() && client.buffered().size() >= kInMemory);
}

bool RequestBody::has_arrived(const Connection& client) const {
  return is_chunked() ? decoder_.done() : client.buffered().size() >= from_client_;
}

Clock::time_point RequestBody::wait(const Connection& client) {
  seen_ = client.received();
  pace_.wait(Clock::now());
  return pace_.deadline();
}

std::string RequestBody::content_length() const {
  if (is_chunked()) return std::to_string(stored_);
  return framing_.announced ? std::to_string(framing_.length) : "";
}

std::string_view RequestBody::next(Connection& client) {
  if (from_client_ > 0) {
    const std::string_view there = client.buffered();
    return there.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(there.size(), from_client_)));
  }
  if (at_ == stored_) return {};
  if (file_ && at_ == block_at_ + memory_.size()) {
    memory_.resize(kInMemory);
    const ssize_t count = ::pread(file_.get(), memory_.data(), memory_.size(), static_cast<off_t>(at_));
    if (count <= 0) {
      throw std::system_error(count < 0 ? errno : EIO, std::generic_category(), "a stored body cannot be read");
    }
    memory_.resize(static_cast<std::size_t>(count));
    block_at_ = at_;
  }
  return std::string_view(memory_).substr(static_cast<std::size_t>(at_ - block_at_));
}

void RequestBody::consume(Connection& client, std::size_t count) {
  if (from_client_ > 0) {
    client.consume(count);
    from_client_ -= count;
  } else {
    at_ += count;
  }
}

// rule: base/unread-body-is-discarded, resource/unread-body-goes-in-bulk
bool RequestBody::drop(Connection& client) {
  note_progress(client);
  if (is_chunked()) {
    std::string unwanted;
    client.consume(decoder_.decode(client.buffered(), unwanted));
    dropped_ += unwanted.size();
    return decoder_.done();
  }
  consume(client, next(client).size());
  return from_client_ == 0;
}

bool RequestBody::can_be_dropped() const {
  return !decoder_.broken() && dropped_ <= kMostDropped && from_client_ <= kMostDropped;
}

}  // namespace cgi
