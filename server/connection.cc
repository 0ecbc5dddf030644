#include "connection.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/sendfile.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace cgi {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kReadSize = 16 * 1024;             // rule: resource/pipelining-is-bounded
constexpr auto kReadStall = std::chrono::seconds(30);    // for httplib's read(), which knows no deadline
constexpr std::size_t kLingerOctets = 64 * 1024 * 1024;  // a client may send so many after the response
// sendfile() is faster up to a few MB. Above that, reading and sending is, because the octets stay in the cache.
constexpr off_t kSendfileLimit = 4 * 1024 * 1024;

// Waits for `events` on `fd`. Returns false if `deadline` passes first.
bool wait_for(int fd, short events, Clock::time_point deadline) {
  for (;;) {
    auto left = std::chrono::ceil<milliseconds>(deadline - Clock::now()).count();
    pollfd entry{fd, events, 0};
    int ready = ::poll(&entry, 1, static_cast<int>(std::clamp<long>(left, 0, 1'000'000)));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return true;  // the read or write that follows reports the error
    if (Clock::now() >= deadline) return false;
  }
}

// Sets `ip` and `port` from getpeername() or getsockname(); leaves them alone if that fails.
void find_address(decltype(&::getpeername) name_of, int socket, std::string& ip, int& port) {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  if (name_of(socket, reinterpret_cast<sockaddr*>(&address), &length) != 0) return;
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    ::inet_ntop(AF_INET, &v4.sin_addr, text.data(), text.size());
    port = ntohs(v4.sin_port);
  } else if (address.ss_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
    if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) {
      ::inet_ntop(AF_INET, &v6.sin6_addr.s6_addr[12], text.data(), text.size());
    } else {
      ::inet_ntop(AF_INET6, &v6.sin6_addr, text.data(), text.size());
    }
    port = ntohs(v6.sin6_port);
  }
  ip = text.data();
}

}  // namespace

Connection::Connection(socket_t socket, SendPace pace) : socket_(socket), pace_(pace) {
  // httplib before 0.16.2 does not set CLOEXEC. Redundant: scripts close all descriptors before exec.
  ::fcntl(socket, F_SETFD, FD_CLOEXEC);
  ::fcntl(socket, F_SETFL, ::fcntl(socket, F_GETFL) | O_NONBLOCK);
  const int on = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

Fill Connection::fill_now(std::size_t limit) {
  const std::size_t held = buffer_.size() - consumed_;
  if (held >= limit) return Fill::kTimeout;
  if (consumed_ > 0) buffer_.erase(0, std::exchange(consumed_, 0));
  const std::size_t before = buffer_.size();
  buffer_.resize(before + std::min(limit - held, std::max(kReadSize, limit / 4)));
  ssize_t count;
  do {
    count = ::recv(socket_.get(), buffer_.data() + before, buffer_.size() - before, 0);
  } while (count < 0 && errno == EINTR);
  buffer_.resize(before + static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
  if (count > 0) return Fill::kData;
  if (count == 0) return Fill::kEnd;
  return errno == EAGAIN || errno == EWOULDBLOCK ? Fill::kTimeout : Fill::kBroken;
}

Fill Connection::fill(Clock::time_point deadline) {
  for (;;) {
    Fill result = fill_now(buffered().size() + kReadSize);
    if (result != Fill::kTimeout) return result;
    if (!wait_for(socket_.get(), POLLIN, deadline)) return Fill::kTimeout;
  }
}

void Connection::consume(std::size_t count) {
  consumed_ += count;
  if (consumed_ == buffer_.size()) {
    buffer_.clear();
    consumed_ = 0;
  }
}

// rule: http/late-reader-gets-all
bool Connection::wait_to_send() const { return wait_for(socket_.get(), POLLOUT, send_deadline()); }

// rule: process/client-reset-does-no-harm
ssize_t Connection::send_now(std::string_view bytes) {
  ssize_t count;
  do {
    count = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  } while (count < 0 && errno == EINTR);
  if (count > 0) pace_.took(static_cast<std::size_t>(count), Clock::now());
  if (count >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK)) return count;
  pace_.full(Clock::now());
  return 0;
}

bool Connection::send_all(std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t count = send_now(bytes);
    if (count < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
    if (count == 0 && !wait_to_send()) return false;
  }
  return true;
}

bool Connection::send_file(int file, off_t length) {
  if (length > kSendfileLimit) {
    std::string block(256 * 1024, '\0');
    for (off_t at = 0; at < length;) {
      ssize_t count =
          ::pread(file, block.data(), std::min<std::size_t>(block.size(), static_cast<std::size_t>(length - at)), at);
      if (count <= 0) return false;  // the file is shorter than the length that was sent, so close
      if (!send_all({block.data(), static_cast<std::size_t>(count)})) return false;
      at += count;
    }
    return true;
  }
  for (off_t at = 0; at < length;) {
    ssize_t count = ::sendfile(socket_.get(), file, &at, static_cast<std::size_t>(length - at));
    if (count == 0) return false;
    if (count > 0) pace_.took(static_cast<std::size_t>(count), Clock::now());
    if (count > 0 || errno == EINTR) continue;
    if (errno != EAGAIN) return false;
    pace_.full(Clock::now());
    if (!wait_to_send()) return false;
  }
  return true;
}

void Connection::linger(Clock::duration patience) {
  ::shutdown(socket_.get(), SHUT_WR);
  buffer_.clear();
  consumed_ = 0;
  const auto deadline = Clock::now() + patience;
  std::size_t dropped = 0;
  while (dropped < kLingerOctets && fill(deadline) == Fill::kData) {
    dropped += buffered().size();
    consume(buffered().size());
  }
}

bool Connection::is_readable() const { return !buffered().empty() || wait_for(socket_.get(), POLLIN, Clock::now()); }
bool Connection::wait_readable() const { return is_readable(); }
bool Connection::is_writable() const { return wait_for(socket_.get(), POLLOUT, Clock::now()); }
bool Connection::wait_writable() const { return is_writable(); }

ssize_t Connection::read(char* ptr, std::size_t size) {
  if (buffered().empty()) {
    Fill result = fill(Clock::now() + kReadStall);
    if (result != Fill::kData) return result == Fill::kEnd ? 0 : -1;
  }
  const std::size_t count = buffered().copy(ptr, size);
  consume(count);
  return static_cast<ssize_t>(count);
}

ssize_t Connection::write(const char* ptr, std::size_t size) {
  return send_all({ptr, size}) ? static_cast<ssize_t>(size) : -1;
}

void Connection::get_remote_ip_and_port(std::string& ip, int& port) const {
  find_address(::getpeername, socket_.get(), ip, port);
}

void Connection::get_local_ip_and_port(std::string& ip, int& port) const {
  find_address(::getsockname, socket_.get(), ip, port);
}

socket_t Connection::socket() const { return socket_.get(); }

}  // namespace cgi
