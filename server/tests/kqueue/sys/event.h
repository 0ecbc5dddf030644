// The part of BSD's kqueue that waiting_poll.cc needs, on Linux, for tests.
#pragma once

#include <sys/epoll.h>

#include <ctime>

struct kevent {
  int ident;
  int filter;
  int flags;
};

constexpr int EVFILT_READ = EPOLLIN | EPOLLRDHUP;
constexpr int EV_ADD = 0;
constexpr int EV_CLEAR = EPOLLET;
constexpr int EV_EOF = EPOLLRDHUP;

#define EV_SET(event, ident, filter, flags, ...) (*(event) = {ident, filter, flags})

inline int kqueue() { return ::epoll_create1(EPOLL_CLOEXEC); }

// Adds a change, or gets an event that is there already. Returns the number of events, or -1 with errno.
inline int kevent(int queue, const struct kevent* change, int changes, struct kevent* event, int events,
                  const timespec*) {
  if (changes == 1) {
    epoll_event wanted{static_cast<unsigned>(change->filter | change->flags), {}};
    return ::epoll_ctl(queue, EPOLL_CTL_ADD, change->ident, &wanted);
  }
  epoll_event told{};
  const int count = ::epoll_wait(queue, &told, events, 0);
  event->flags = static_cast<int>(told.events);
  return count;
}
