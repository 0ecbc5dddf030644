#include "event_loop.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <exception>
#include <new>
#include <span>
#include <system_error>

namespace cgi {
namespace {

constexpr int kAcceptedAtOnce = 16;  // then the clients get their turn
constexpr int kReadsInARow = 8;      // then other clients do
constexpr auto kTick = std::chrono::seconds(1);
constexpr auto kRoomMade = std::chrono::milliseconds(5);  // another loop may still have to close a connection
constexpr auto kShortage = std::chrono::milliseconds(50);

UniqueFd checked(int fd, const char* name) {
  if (fd < 0) throw std::system_error(errno, std::generic_category(), name);
  return UniqueFd(fd);
}

Peer peer_of(const sockaddr_storage& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  int port = 0;
  if (address.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    ::inet_ntop(AF_INET, &v4.sin_addr, text.data(), text.size());
    port = ntohs(v4.sin_port);
  } else if (address.ss_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
    const bool mapped = IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr);
    ::inet_ntop(mapped ? AF_INET : AF_INET6, &v6.sin6_addr.s6_addr[mapped ? 12 : 0], text.data(), text.size());
    port = ntohs(v6.sin6_port);
  }
  return {text.data(), port};
}

bool is_shortage(int error) { return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM; }

}  // namespace

Client::Client(EventLoop& loop, UniqueFd socket) : connection(std::move(socket)), loop_(loop) {
  loop_.clients_.insert(this);
  ++loop_.load_;
}

Client::~Client() {
  // A script that starts may still have a copy of the socket, and epoll watches until the last copy is closed.
  if (watched_ != 0) ::epoll_ctl(loop_.epoll_.get(), EPOLL_CTL_DEL, connection.socket(), nullptr);
  loop_.clients_.erase(this);
  loop_.eager_.erase(this);
  --loop_.load_;
}

bool Client::receive() {
  if (loop_.stopping_) {
    result_ = Fill::kBroken;
    return true;
  }
  if (!may_have_input_ || reads_in_a_row_++ == kReadsInARow) return false;
  result_ = connection.fill_now();
  may_have_input_ = has_ended_ || !connection.is_drained();
  return result_ != Fill::kTimeout;
}

bool Client::send() {
  while (!unsent_.empty()) {
    const ssize_t count = connection.send_now(unsent_);
    if (count < 0) return true;
    if (count == 0) return false;
    unsent_.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

bool Client::wait(std::coroutine_handle<> coroutine, Clock::time_point deadline) {
  // An event comes once each time that octets or room arrive. Requests in a row change nothing in epoll.
  epoll_event event{EPOLLIN | EPOLLRDHUP | EPOLLET, {.ptr = this}};
  if (!unsent_.empty()) event.events |= EPOLLOUT;
  if (watched_ != event.events) {
    result_ = Fill::kBroken;
    const int change = watched_ == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
    if (::epoll_ctl(loop_.epoll_.get(), change, connection.socket(), &event) != 0) return false;
    watched_ = event.events;
  }
  if (std::exchange(reads_in_a_row_, 0) > kReadsInARow) loop_.eager_.insert(this);
  waiting_ = coroutine;
  deadline_ = deadline;
  loop_.add_quiet(*this);
  return true;
}

bool Client::Worked::await_suspend(std::coroutine_handle<> coroutine) {
  client.may_have_input_ = true;                           // the loop does not look at events meanwhile
  back.emplace_back([coroutine] { coroutine.resume(); });  // a worker without memory could not
  return client.loop_.workers_.run([this] {
    result = After::kClose;
    try {
      result = work();
    } catch (const std::exception&) {  // no memory for a line in the log
    }
    client.loop_.post(std::move(back));
  });
}

EventLoop::EventLoop(Workers& workers, Accepted accepted, MakeRoom make_room, std::function<void()> tick)
    : workers_(workers),
      accepted_(std::move(accepted)),
      make_room_(std::move(make_room)),
      tick_(std::move(tick)),
      epoll_(checked(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")),
      wake_(checked(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd")) {
  epoll_event event{EPOLLIN, {.ptr = &wake_}};
  checked(::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, wake_.get(), &event), "epoll_ctl").release();
}

bool EventLoop::run(int listener) {
  listener_ = listener;
  listen_at_ = now_ = Clock::now();
  std::array<epoll_event, 128> events;
  while (!stopping_ || !clients_.empty()) {
    if (now_ >= end_at_) return false;
    const int count = ::epoll_wait(epoll_.get(), events.data(), events.size(), milliseconds_to_wait());
    bool has_new_clients = false;
    bool has_tasks = false;
    for (const epoll_event& event : std::span(events).first(static_cast<std::size_t>(std::max(count, 0)))) {
      if (event.data.ptr == &listener_) {
        has_new_clients = true;
      } else if (event.data.ptr == &wake_) {
        has_tasks = true;
      } else {
        on_event(*static_cast<Client*>(event.data.ptr), event.events);
      }
    }
    // Tasks may end clients, so they come after the events of clients.
    if (has_tasks) run_tasks();
    for (Client* client : std::exchange(eager_, {})) on_event(*client, EPOLLIN);
    do_what_is_due();
    if (stopping_ && end_at_ == Clock::time_point::max()) end_clients();
    if (has_new_clients && !stopping_) accept_clients();
    const auto first = first_to_go();
    oldest_ = (first == quiet_.end() ? Clock::time_point::max() : first->first).time_since_epoch().count();
  }
  return true;
}

int EventLoop::milliseconds_to_wait() const {
  if (!eager_.empty()) return 0;
  auto first = std::min({quiet_.empty() ? end_at_ : quiet_.begin()->first, listen_at_, end_at_});
  if (clients_.size() > quiet_.size()) first = std::min(first, tick_at_);
  if (first == Clock::time_point::max()) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(first - now_).count();
  return static_cast<int>(std::clamp<long>(left, 0, 1'000'000));
}

void EventLoop::on_event(Client& client, unsigned events) {
  if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) client.has_ended_ = true;
  if ((events & EPOLLIN) != 0 || client.has_ended_) client.may_have_input_ = true;
  if (!client.waiting_) return;
  const bool sends = !client.unsent_.empty();
  if (sends ? client.send() : client.receive()) return resume(client, client.result_);
  if (!sends) return;
  spare_ = quiet_.extract({client.deadline_, &client});
  client.deadline_ = client.connection.send_deadline();
  add_quiet(client);
}

void EventLoop::add_quiet(Client& client) {
  if (spare_.empty()) {
    quiet_.emplace(client.deadline_, &client);
  } else {
    spare_.value() = {client.deadline_, &client};
    quiet_.insert(std::move(spare_));
  }
}

void EventLoop::resume(Client& client, Fill result) {
  spare_ = quiet_.extract({client.deadline_, &client});
  client.result_ = result;
  std::exchange(client.waiting_, nullptr).resume();
}

// Does what is due: ends the waits whose deadline has passed, ticks, and listens again after a shortage.
void EventLoop::do_what_is_due() {
  now_ = Clock::now();
  while (!quiet_.empty() && quiet_.begin()->first <= now_) resume(*quiet_.begin()->second, Fill::kTimeout);
  if (now_ >= tick_at_) {
    tick_at_ = now_ + kTick;
    tick_();
  }
  if (now_ < listen_at_) return;
  listen_at_ = Clock::time_point::max();
  epoll_event event{EPOLLIN | EPOLLEXCLUSIVE, {.ptr = &listener_}};
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, listener_, &event);
}

// No error of accept4() is for good: a client may have left, and the system may be short of something. In a shortage
// the oldest client gives way; without one, the clients wait in the queue of the system for a moment.
// rule: resource/accept-errors-cost-nothing
void EventLoop::accept_clients() try {
  for (int i = 0; i < kAcceptedAtOnce; ++i) {
    sockaddr_storage address{};
    socklen_t length = sizeof address;
    UniqueFd socket(::accept4(listener_, reinterpret_cast<sockaddr*>(&address), &length, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (socket) {
      accepted_(*this, std::move(socket), peer_of(address));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      return;
    } else if (is_shortage(errno)) {
      // The system looks for a descriptor before it looks for a client.
      pollfd waiting{listener_, POLLIN, 0};
      if (::poll(&waiting, 1, 0) == 0) return;
      listen_at_ = Clock::now() + (make_room_(*this) ? kRoomMade : kShortage);
      ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, listener_, nullptr);
      return;
    }
  }
} catch (const std::bad_alloc&) {  // the connection is closed
}

EventLoop::Quiet::const_iterator EventLoop::first_to_go() const {
  return std::find_if(quiet_.begin(), quiet_.end(), [](const auto& one) { return one.second->gives_way; });
}

bool EventLoop::close_oldest() {
  const auto oldest = first_to_go();
  if (oldest == quiet_.end()) return false;
  resume(*oldest->second, Fill::kBroken);
  return true;
}

void EventLoop::post(Tasks tasks) {
  bool first;
  {
    std::lock_guard lock(mutex_);
    first = tasks_.empty();
    tasks_.splice(tasks_.end(), tasks);
  }
  if (first) ::eventfd_write(wake_.get(), 1);
}

void EventLoop::run_tasks() {
  eventfd_t count;
  ::eventfd_read(wake_.get(), &count);
  Tasks tasks;
  {
    std::lock_guard lock(mutex_);
    tasks.swap(tasks_);
  }
  for (const auto& task : tasks) task();
}

void EventLoop::stop() {
  stopping_ = true;
  post(Tasks());
}

void EventLoop::end_clients() {
  end_at_ = Clock::now() + kLastWork;
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, listener_, nullptr);
  listen_at_ = Clock::time_point::max();
  while (!quiet_.empty()) resume(*quiet_.begin()->second, Fill::kBroken);
  for (const Client* client : clients_) ::shutdown(client->connection.socket(), SHUT_RDWR);
}

}  // namespace cgi
