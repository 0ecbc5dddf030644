#include "crowd.h"

#include <sys/epoll.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>

namespace cgi::bench {
namespace {

constexpr int kAtOnce = 32;  // more connections would overflow the queue of a server with a short backlog

}  // namespace

IdleCrowd::IdleCrowd(const Address& address, Shot shot, int count, Nanoseconds timeout)
    : address_(address), shot_(std::move(shot)), epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
  open(count, timeout);
  if (failure_.empty()) return;
  failure_ = "connection " + std::to_string(clients_.size()) + " of " + std::to_string(count) +
             " that shall be idle: " + failure_;
}

void IdleCrowd::open(int count, Nanoseconds timeout) {
  int waiting = 0;
  auto last_answer = Clock::now();
  while (failure_.empty() && (waiting > 0 || static_cast<int>(clients_.size()) < count)) {
    while (failure_.empty() && waiting < kAtOnce && static_cast<int>(clients_.size()) < count) {
      clients_.push_back(std::make_unique<Client>(epoll_.get(), address_));
      ++waiting;
      const auto now = Clock::now();
      if (clients_.back()->begin(shot_, now, now) == Client::Progress::kDone) judge(*clients_.back());
    }
    if (!failure_.empty()) return;
    const int answers = wait(100);
    waiting -= answers;
    if (answers > 0) last_answer = Clock::now();
    if (Clock::now() - last_answer >= timeout) failure_ = "no complete answer in time";
  }
}

void IdleCrowd::judge(const Client& client) {
  if (!failure_.empty()) return;
  failure_ = client.failure().empty() ? client.verdict() : client.failure();
  if (failure_.empty() && !client.is_connected()) failure_ = "the server closes it after the answer";
}

int IdleCrowd::wait(int milliseconds) {
  std::array<epoll_event, 64> events{};
  const int ready = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), milliseconds);
  int answers = 0;
  for (int i = 0; i < ready; ++i) {
    auto& client = *static_cast<Client*>(events[static_cast<std::size_t>(i)].data.ptr);
    if (client.go_on(events[static_cast<std::size_t>(i)].events) != Client::Progress::kDone) continue;
    ++answers;
    judge(client);
  }
  return ready > 0 ? answers : 0;
}

int IdleCrowd::count_open() {
  std::array<epoll_event, 64> events{};
  int ready = 0;
  while ((ready = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), 0)) > 0) {
    for (int i = 0; i < ready; ++i) {
      static_cast<Client*>(events[static_cast<std::size_t>(i)].data.ptr)
          ->go_on(events[static_cast<std::size_t>(i)].events);
    }
  }
  return static_cast<int>(
      std::count_if(clients_.begin(), clients_.end(), [](const auto& client) { return client->is_connected(); }));
}

std::string allow_open_files(std::uint64_t count) {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur >= count) return "";
  const rlimit wanted{count, std::max<rlim_t>(limit.rlim_max, count)};
  if (::setrlimit(RLIMIT_NOFILE, &wanted) == 0) return "";
  return "needs " + std::to_string(count) + " open files, but this machine allows " + std::to_string(limit.rlim_max) +
         " (ulimit -Hn " + std::to_string(count) + ", as root)";
}

}  // namespace cgi::bench
