#include "client.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace cgi::bench {
namespace {

constexpr std::size_t kBuffer = 256 * 1024;
constexpr int kReadsAtOnce = 16;  // then the other clients and the timeout have their turn: a server may send for ever

// All clients of a thread read into the same memory, which stays in the cache.
char* buffer() {
  static thread_local std::array<char, kBuffer> memory;
  return memory.data();
}

}  // namespace

Client::Progress Client::begin(const Shot& shot, Clock::time_point due, Clock::time_point now) {
  shot_ = &shot;
  sent_content_ = shot.content;
  due_ = due;
  begun_ = now;
  sent_ = 0;
  failure_.clear();
  check_.begin(*shot.expected);
  reader_.begin(check_);
  return socket_ ? send() : connect();
}

Client::Progress Client::go_on(std::uint32_t events) {
  if (is_idle()) {  // the server closed an idle connection
    socket_.reset();
    return Progress::kWaiting;
  }
  if (!is_connected_) {
    int error = 0;
    socklen_t length = sizeof error;
    ::getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error, &length);
    if (error != 0) return fail("connect", error);
    is_connected_ = true;
  }
  if ((events & EPOLLOUT) != 0 && sent_ < shot_->request.size() && send() == Progress::kDone) return Progress::kDone;
  if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0 && !is_idle()) return receive();
  return Progress::kWaiting;
}

void Client::abandon(std::string why) {
  failure_ = std::move(why);
  socket_.reset();
  shot_ = nullptr;
}

Client::Progress Client::connect() {
  socket_.reset(::socket(address_.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket_) return fail("socket", errno);
  const int yes = 1;
  ::setsockopt(socket_.get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  ++connections_;
  is_connected_ = false;
  is_fresh_ = true;
  watched_ = 0;
  if (::connect(socket_.get(), address_.get(), address_.length) != 0) {
    if (errno != EINPROGRESS) return fail("connect", errno);
    watch(EPOLLIN | EPOLLOUT);
    return Progress::kWaiting;
  }
  is_connected_ = true;
  return send();
}

Client::Progress Client::send() {
  const std::string& request = shot_->request;
  while (sent_ < request.size()) {
    const ssize_t length = ::send(socket_.get(), request.data() + sent_, request.size() - sent_, MSG_NOSIGNAL);
    if (length >= 0) {
      sent_ += static_cast<std::size_t>(length);
    } else if (errno == EAGAIN) {
      watch(EPOLLIN | EPOLLOUT);
      return Progress::kWaiting;
    } else if (errno == EPIPE || errno == ECONNRESET) {
      // On a new connection the server may have answered before it closed it.
      return is_fresh_ ? receive() : closed_by_peer("send", errno);
    } else if (errno != EINTR) {
      return fail("send", errno);
    }
  }
  watch(EPOLLIN);
  return Progress::kWaiting;
}

Client::Progress Client::receive() {
  for (int reads = 0; reads < kReadsAtOnce; ++reads) {
    const ssize_t length = ::recv(socket_.get(), buffer(), kBuffer, 0);
    if (length < 0) {
      if (errno == EINTR) continue;
      if (errno == EAGAIN) return Progress::kWaiting;
      return closed_by_peer("receive", errno);
    }
    if (length == 0) {
      reader_.end_of_input();
      if (reader_.state() != ResponseReader::State::kComplete) return closed_by_peer("receive", 0);
      socket_.reset();
      return finish();
    }
    const auto size = static_cast<std::size_t>(length);
    const std::size_t taken = reader_.take({buffer(), size});
    if (reader_.state() == ResponseReader::State::kBroken)
      return fail(reader_.is_tls() ? "read a TLS record: the server speaks HTTPS" : "read a response", 0);
    if (reader_.state() == ResponseReader::State::kComplete) {
      if (taken < size || shot_->close || !reader_.keeps_connection() || sent_ < shot_->request.size()) socket_.reset();
      return finish();
    }
    if (size < kBuffer) break;
  }
  return Progress::kWaiting;  // epoll will report more
}

Client::Progress Client::finish() {
  is_fresh_ = false;
  shot_ = nullptr;
  return Progress::kDone;
}

Client::Progress Client::fail(const char* doing, int error) {
  abandon(std::string("cannot ") + doing + (error != 0 ? std::string(": ") + std::strerror(error) : ""));
  return Progress::kDone;
}

// A server may close a connection that was idle for long, or that carried many requests, while the client sends the
// next one. This is no failure: clients try once more on a new connection. The latency includes the first attempt.
Client::Progress Client::closed_by_peer(const char* doing, int error) {
  if (!is_fresh_ && reader_.untouched()) {
    sent_ = 0;
    reader_.begin(check_);
    return connect();
  }
  if (error != 0) return fail(doing, error);
  abandon(reader_.untouched() ? "closed without an answer" : "closed before the answer was complete");
  return Progress::kDone;
}

void Client::watch(std::uint32_t events) {
  if (watched_ == events) return;
  epoll_event event{};
  event.events = events;
  event.data.ptr = this;
  ::epoll_ctl(epoll_, watched_ == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, socket_.get(), &event);
  watched_ = events;
}

}  // namespace cgi::bench
