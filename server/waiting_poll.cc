// Waits by poll(). A socket that gave an event rests until the loop watches it again: input that the server does not
// read yet would end each wait at once.

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>
#if __has_include(<sys/event.h>)
#include <sys/event.h>
#endif

#include <algorithm>
#include <array>
#include <cerrno>
#include <new>
#include <system_error>
#include <utility>
#include <vector>

#include "waiting.h"

namespace cgi {
namespace {

void make_private(int fd) {
  ::fcntl(fd, F_SETFD, FD_CLOEXEC);
  ::fcntl(fd, F_SETFL, O_NONBLOCK);
}

void drain(const UniqueFd& pipe) {
  std::array<char, 64> octets;
  while (::read(pipe.get(), octets.data(), octets.size()) > 0) {
  }
}

}  // namespace

// The state of a socket is its place in both vectors. The first place is that of the pipe.
struct Waiter::System {
  UniqueFd woken;
  UniqueFd wakes;
  std::vector<pollfd> entries;
  std::vector<Watched*> sockets;
};

Waiter::Waiter() : system_(std::make_shared<System>()) {
  std::array<int, 2> ends{};
  if (::pipe(ends.data()) != 0) throw std::system_error(errno, std::generic_category(), "pipe");
  for (const int end : ends) make_private(end);
  system_->woken.reset(ends[0]);
  system_->wakes.reset(ends[1]);
  system_->entries.push_back({ends[0], POLLIN, 0});
}

bool Waiter::watch(Watched& socket, For wanted) try {
  std::vector<pollfd>& entries = system_->entries;
  if (socket.state == 0) {
    system_->sockets.resize(entries.size() + 1);
    entries.emplace_back();
    socket.state = static_cast<unsigned>(entries.size() - 1);
    system_->sockets[socket.state] = &socket;
  }
  entries[socket.state] = {socket.fd, static_cast<short>(wanted == For::kWritable ? POLLOUT : POLLIN), 0};
  return true;
} catch (const std::bad_alloc&) {
  return false;
}

void Waiter::forget(Watched& socket) {
  if (socket.state == 0) return;
  std::vector<pollfd>& entries = system_->entries;
  Watched* const last = system_->sockets[entries.size() - 1];
  system_->sockets[socket.state] = last;  // takes its place
  entries[socket.state] = entries.back();
  entries.pop_back();
  last->state = socket.state;
  socket.state = 0;
}

// The function may have sockets watched and its own one forgotten. So this goes backwards: the last one, which takes
// the place of a forgotten one, has had its turn.
void Waiter::wait(int milliseconds, const std::function<void(Watched&)>& on_event) {
  std::vector<pollfd>& entries = system_->entries;
  if (::poll(entries.data(), static_cast<nfds_t>(entries.size()), milliseconds) <= 0) return;
  if (std::exchange(entries[0].revents, short{0}) != 0) drain(system_->woken);
  for (std::size_t place = entries.size() - 1; place > 0; --place) {
    const short happened = std::exchange(entries[place].revents, short{0});
    if (happened == 0) continue;
    entries[place].fd = -1;
    if ((happened & (POLLHUP | POLLERR | POLLNVAL)) != 0) system_->sockets[place]->has_ended = true;
    on_event(*system_->sockets[place]);
  }
}

void Waiter::wake() { write_all(system_->wakes.get(), "x"); }

void prefer_many_events() {}
void prefer_early_events() {}
void end_pacing(int) {}

UniqueFd accept_client(int listener, sockaddr_storage& address) {
  socklen_t size = sizeof address;
  UniqueFd client(::accept(listener, reinterpret_cast<sockaddr*>(&address), &size));
  if (client) make_private(client.get());
  return client;
}

ssize_t send_from_file(int socket, int file, off_t& at, std::size_t count) {
  std::array<char, 64 * 1024> block;
  const ssize_t there = ::pread(file, block.data(), std::min(block.size(), count), at);
  const ssize_t sent = there > 0 ? ::send(socket, block.data(), static_cast<std::size_t>(there), 0) : there;
  at += std::max<ssize_t>(sent, 0);
  return sent;
}

#if __has_include(<sys/event.h>)  // BSD, macOS
// EV_CLEAR has the kqueue tell only once of octets that nobody reads.
HalfClose::HalfClose(int client) : queue_(::kqueue()) {
  struct kevent change;
  EV_SET(&change, client, EVFILT_READ, EV_ADD | EV_CLEAR, 0, 0, nullptr);
  if (queue_ && ::kevent(queue_.get(), &change, 1, nullptr, 0, nullptr) == 0) entry_.fd = queue_.get();
}

bool HalfClose::happened(short revents) const {
  struct kevent event;
  const timespec now{};
  return revents != 0 && ::kevent(queue_.get(), nullptr, 0, &event, 1, &now) == 1 && (event.flags & EV_EOF) != 0;
}
#else
HalfClose::HalfClose(int) {}

bool HalfClose::happened(short) const { return false; }
#endif

}  // namespace cgi
