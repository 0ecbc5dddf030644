#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/sendfile.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <system_error>
#include <utility>

#include "waiting.h"

namespace cgi {

struct Waiter::System {
  UniqueFd epoll{::epoll_create1(EPOLL_CLOEXEC)};
  UniqueFd wakes{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  Watched waker{wakes.get()};  // each write is an event, so nothing reads it
};

Waiter::Waiter() : system_(std::make_shared<System>()) {
  if (!system_->epoll || !system_->wakes || !watch(system_->waker, For::kReadable)) {
    throw std::system_error(errno, std::generic_category(), "epoll");
  }
}

// An event comes once each time that octets or room arrive. Requests in a row change nothing in epoll.
bool Waiter::watch(Watched& socket, For wanted) {
  epoll_event event{EPOLLIN | EPOLLRDHUP | EPOLLET, {.ptr = &socket}};
  if (wanted == For::kWritable) event.events |= EPOLLOUT;
  if (wanted == For::kAcceptable) event.events = EPOLLIN | EPOLLEXCLUSIVE;
  if (socket.state == event.events) return true;
  const int change = socket.state == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
  if (::epoll_ctl(system_->epoll.get(), change, socket.fd, &event) != 0) return false;
  socket.state = event.events;
  return true;
}

// A script that starts may still have a copy of the socket, and epoll watches until the last copy is closed.
void Waiter::forget(Watched& socket) {
  if (std::exchange(socket.state, 0) != 0) ::epoll_ctl(system_->epoll.get(), EPOLL_CTL_DEL, socket.fd, nullptr);
}

void Waiter::wait(int milliseconds, const std::function<void(Watched&)>& on_event) {
  std::array<epoll_event, 128> events;
  const int count = ::epoll_wait(system_->epoll.get(), events.data(), events.size(), milliseconds);
  for (const epoll_event* event = events.data(); event < events.data() + count; ++event) {
    Watched& socket = *static_cast<Watched*>(event->data.ptr);
    if ((event->events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) socket.has_ended = true;
    if (&socket != &system_->waker) on_event(socket);
  }
}

void Waiter::wake() { ::eventfd_write(system_->wakes.get(), 1); }

void prefer_many_events() {
  const sched_param none{};
  if (::sched_getscheduler(0) == SCHED_OTHER) ::sched_setscheduler(0, SCHED_BATCH, &none);
}

// The main thread has the policy that the operator chose. Linux would reset SCHED_FIFO and SCHED_RR by itself, but not
// SCHED_BATCH.
void prefer_early_events() {
  sched_param priority{};
  ::sched_getparam(::getpid(), &priority);
  ::sched_setscheduler(0, ::sched_getscheduler(::getpid()), &priority);
}

// BBR, which some operators choose, paces on the loopback interface, too, and a file of 1 MB takes twice as long. Each
// Linux has reno.
void end_pacing(int listener) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
  const in6_addr& v6 = reinterpret_cast<const sockaddr_in6&>(address).sin6_addr;
  const std::uint32_t v4 = ntohl(reinterpret_cast<const sockaddr_in&>(address).sin_addr.s_addr);
  const bool is_local = address.ss_family == AF_INET ? v4 >> 24 == 127 : IN6_IS_ADDR_LOOPBACK(&v6);
  if (is_local) ::setsockopt(listener, IPPROTO_TCP, TCP_CONGESTION, "reno", 4);
}

UniqueFd accept_client(int listener, sockaddr_storage& address) {
  socklen_t size = sizeof address;
  return UniqueFd(::accept4(listener, reinterpret_cast<sockaddr*>(&address), &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
}

ssize_t send_from_file(int socket, int file, off_t& at, std::size_t count) {
  return ::sendfile(socket, file, &at, count);
}

HalfClose::HalfClose(int client) : entry_{client, POLLRDHUP, 0} {}

bool HalfClose::happened(short revents) const { return (revents & POLLRDHUP) != 0; }

}  // namespace cgi
