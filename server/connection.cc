#include "connection.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <new>

#include "waiting.h"

namespace cgi {
namespace {

constexpr std::size_t kReadSize = 16 * 1024;  // rule: resource/pipelining-is-bounded
constexpr std::size_t kLongestRead = 64 * 1024;
constexpr std::size_t kKept = 1024;  // an empty buffer above this size is freed

// Waits for `events` on `fd`, or for a signal. Returns false if `deadline` passes first.
bool wait_for(int fd, short events, Clock::time_point deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
  pollfd entry{fd, events, 0};
  return ::poll(&entry, 1, static_cast<int>(std::clamp<std::int64_t>(left, 0, 1'000'000))) != 0 ||
         Clock::now() < deadline;
}

}  // namespace

Fill Connection::fill_now() { return fill_now(buffered().size() + kReadSize); }

Fill Connection::fill_now(std::size_t limit) try {
  // A connection that waits holds no buffer: the octets arrive in that of the thread.
  static thread_local std::array<char, kLongestRead> block;
  const std::size_t held = buffer_.size() - consumed_;
  if (held >= limit) return Fill::kTimeout;
  const std::size_t wanted = std::min(limit - held, block.size());
  ssize_t count;
  do {
    count = ::recv(socket_.get(), block.data(), wanted, 0);
  } while (count < 0 && errno == EINTR);
  drained_ = count < static_cast<ssize_t>(wanted);
  if (count == 0) return Fill::kEnd;
  if (count < 0) return errno == EAGAIN || errno == EWOULDBLOCK ? Fill::kTimeout : Fill::kBroken;
  received_ += static_cast<std::size_t>(count);
  if (consumed_ > 0) buffer_.erase(0, std::exchange(consumed_, 0));
  buffer_.append(block.data(), static_cast<std::size_t>(count));
  return Fill::kData;
} catch (const std::bad_alloc&) {
  return Fill::kBroken;
}

void Connection::consume(std::size_t count) {
  consumed_ += count;
  if (consumed_ < buffer_.size()) return;
  consumed_ = 0;
  buffer_.clear();
  if (buffer_.capacity() > kKept) buffer_.shrink_to_fit();
}

// rule: process/client-reset-does-no-harm
ssize_t Connection::send_now(std::string_view bytes) {
  ssize_t count;
  do {
    count = ::send(socket_.get(), bytes.data(), bytes.size(), 0);
  } while (count < 0 && errno == EINTR);
  if (count > 0) pace_.moved(static_cast<std::size_t>(count), pace_.is_waiting() ? Clock::now() : Clock::time_point());
  if (count >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK)) return count;
  pace_.wait(Clock::now());
  return 0;
}

bool Connection::send_all(std::string_view bytes) {  // rule: http/late-reader-gets-all
  while (!bytes.empty()) {
    ssize_t count = send_now(bytes);
    if (count < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
    if (count == 0 && !wait_for(socket_.get(), POLLOUT, send_deadline())) return false;
  }
  return true;
}

bool Connection::send_file(int file, off_t length) {
  for (off_t at = 0; at < length;) {
    ssize_t count = send_from_file(socket_.get(), file, at, static_cast<std::size_t>(length - at));
    if (count == 0) return false;
    if (count > 0) pace_.moved(static_cast<std::size_t>(count), Clock::now());
    if (count > 0 || errno == EINTR) continue;
    if (errno != EAGAIN) return false;
    pace_.wait(Clock::now());
    if (!wait_for(socket_.get(), POLLOUT, send_deadline())) return false;
  }
  return true;
}

}  // namespace cgi
