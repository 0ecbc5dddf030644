#include "event_loop.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <exception>
#include <new>

namespace cgi {
namespace {

constexpr int kAcceptedAtOnce = 16;  // then the clients get their turn
constexpr int kReadsInARow = 8;      // then other clients do
constexpr auto kTick = std::chrono::seconds(1);
constexpr auto kRoomMade = std::chrono::milliseconds(5);  // another loop may still have to close a connection
constexpr auto kShortage = std::chrono::milliseconds(50);

Peer peer_of(const sockaddr_storage& address) {
  const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
  const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address).sin6_addr;
  const bool is_v4 = address.ss_family == AF_INET;
  const bool is_mapped = !is_v4 && IN6_IS_ADDR_V4MAPPED(&v6);
  const void* octets = is_v4 ? static_cast<const void*>(&v4.sin_addr) : &v6.s6_addr[is_mapped ? 12 : 0];
  std::array<char, INET6_ADDRSTRLEN> text{};
  ::inet_ntop(is_v4 || is_mapped ? AF_INET : AF_INET6, octets, text.data(), text.size());
  return {text.data(), ntohs(v4.sin_port)};  // in IPv6 it is at the same place
}

bool is_shortage(int error) { return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM; }

}  // namespace

Client::Client(EventLoop& loop, UniqueFd socket) : Watched{socket.get()}, connection(std::move(socket)), loop_(loop) {
  loop_.clients_.insert(this);
  ++loop_.load_;
}

Client::~Client() {
  loop_.waiter_.forget(*this);
  loop_.clients_.erase(this);
  --loop_.load_;
  if (gives_way && loop_.closing_ > 0) --loop_.closing_;
}

bool Client::receive() {
  if (loop_.stopping_) {
    result_ = Fill::kBroken;
    return true;
  }
  if (!may_have_input_ || reads_in_a_row_++ >= kReadsInARow) return false;
  result_ = connection.fill_now();
  may_have_input_ = has_ended || !connection.is_drained();
  return result_ != Fill::kTimeout;
}

bool Client::send() {
  while (!unsent_.empty()) {
    const ssize_t count = connection.send_now(unsent_);
    if (count < 0) return true;
    if (count == 0) return false;
    unsent_.remove_prefix(static_cast<std::size_t>(count));
  }
  reads_in_a_row_ = kReadsInARow;  // others have their turn before its next read
  return true;
}

bool Client::wait(std::coroutine_handle<> coroutine, Clock::time_point deadline) {
  result_ = Fill::kBroken;
  // A client with more input waits for the others to get their turn. Watched anew, it has an event at once.
  if (std::exchange(reads_in_a_row_, 0) > kReadsInARow) loop_.waiter_.forget(*this);
  if (!loop_.waiter_.watch(*this, unsent_.empty() ? Waiter::For::kReadable : Waiter::For::kWritable)) return false;
  waiting_ = coroutine;
  deadline_ = deadline;
  loop_.add_quiet(*this);
  return true;
}

bool Client::Worked::await_suspend(std::coroutine_handle<> coroutine) {
  client.may_have_input_ = true;                           // the loop does not look at events meanwhile
  client.reads_in_a_row_ = 0;                              // it comes back in another turn
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
    : workers_(workers), accepted_(std::move(accepted)), make_room_(std::move(make_room)), tick_(std::move(tick)) {}

bool EventLoop::run(int listener) {
  listener_.fd = listener;
  prefer_many_events();
  listen_at_ = now_ = Clock::now();
  bool has_new_clients = false;
  const auto on_event_of = [&](Watched& socket) {
    if (&socket != &listener_) return on_event(static_cast<Client&>(socket));
    has_new_clients = true;
  };
  while (!stopping_ || !clients_.empty()) {
    if (now_ >= end_at_) return false;
    waiter_.wait(milliseconds_to_wait(), on_event_of);
    // Tasks may end clients, so they come after the events of clients.
    run_tasks();
    while (closing_ > 0 && close_first()) {
    }
    do_what_is_due();
    if (stopping_ && end_at_ == Clock::time_point::max()) end_clients();
    if (std::exchange(has_new_clients, false) && !stopping_) accept_clients();
    const auto oldest = in_order_.empty() ? Clock::time_point::max() : in_order_.front()->quiet_since_;
    oldest_ = oldest.time_since_epoch().count();
  }
  return true;
}

int EventLoop::milliseconds_to_wait() const {
  auto first = std::min({quiet_.empty() ? end_at_ : quiet_.begin()->first, listen_at_, end_at_});
  if (clients_.size() > quiet_.size()) first = std::min(first, tick_at_);
  if (first == Clock::time_point::max()) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(first - now_).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 1'000'000));
}

void EventLoop::on_event(Client& client) {
  client.may_have_input_ = true;
  if (!client.waiting_) return;
  const bool sends = !client.unsent_.empty();
  if (sends ? client.send() : client.receive()) return resume(client, client.result_);
  remove_quiet(client);
  client.wait(client.waiting_, sends ? client.connection.send_deadline() : client.deadline_);
}

void EventLoop::add_quiet(Client& client) {
  if (spare_.empty()) {
    quiet_.emplace(client.deadline_, &client);
  } else {
    spare_.value() = {client.deadline_, &client};
    quiet_.insert(std::move(spare_));
  }
  if (!client.gives_way) return;
  client.quiet_since_ = Clock::now();  // now_ may be from before a long wait
  in_order_.splice(in_order_.end(), client.in_order_);
  ++gives_way_;
}

void EventLoop::remove_quiet(Client& client) {
  spare_ = quiet_.extract({client.deadline_, &client});
  if (!client.gives_way) return;
  client.in_order_.splice(client.in_order_.end(), in_order_, client.node_);
  --gives_way_;
}

void EventLoop::resume(Client& client, Fill result) {
  remove_quiet(client);
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
  const bool listens = waiter_.watch(listener_, Waiter::For::kAcceptable);
  listen_at_ = listens ? Clock::time_point::max() : now_ + kShortage;
}

// No error of accept() is for good: a client may have left, and the system may be short of something. In a shortage
// the oldest client gives way; without one, the clients wait in the queue of the system for a moment.
// rule: resource/accept-errors-cost-nothing
void EventLoop::accept_clients() try {
  waiter_.watch(listener_, Waiter::For::kAcceptable);
  for (int i = 0; i < kAcceptedAtOnce; ++i) {
    sockaddr_storage address{};
    if (UniqueFd socket = accept_client(listener_.fd, address)) {
      accepted_(*this, std::move(socket), peer_of(address));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      return;
    } else if (is_shortage(errno)) {
      // The system looks for a descriptor before it looks for a client.
      pollfd waiting{listener_.fd, POLLIN, 0};
      if (::poll(&waiting, 1, 0) == 0) return;
      listen_at_ = Clock::now() + (make_room_(*this) ? kRoomMade : kShortage);
      waiter_.forget(listener_);
      return;
    }
  }
} catch (const std::bad_alloc&) {  // the connection is closed
}

// Only the thread of the loop makes closing_ smaller: when a client has ended.
bool EventLoop::claim_oldest() {
  std::size_t claimed = closing_;
  do {
    if (claimed >= gives_way_) return false;
  } while (!closing_.compare_exchange_weak(claimed, claimed + 1));
  return true;
}

bool EventLoop::close_oldest() { return claim_oldest() && close_first(); }

bool EventLoop::will_close_oldest() {
  if (!claim_oldest()) return false;
  post(Tasks());
  return true;
}

bool EventLoop::close_first() {
  if (in_order_.empty()) return false;
  resume(*in_order_.front(), Fill::kBroken);
  return true;
}

void EventLoop::post(Tasks tasks) {
  bool first;
  {
    std::lock_guard lock(mutex_);
    first = tasks_.empty();
    tasks_.splice(tasks_.end(), tasks);
  }
  if (first) waiter_.wake();
}

void EventLoop::run_tasks() {
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
  waiter_.forget(listener_);
  listen_at_ = Clock::time_point::max();
  while (!quiet_.empty()) resume(*quiet_.begin()->second, Fill::kBroken);
  for (const Client* client : clients_) ::shutdown(client->connection.socket(), SHUT_RDWR);
}

}  // namespace cgi
