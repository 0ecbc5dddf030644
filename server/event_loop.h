// One thread that owns the connections which are quiet: idle, sending a head or a body, or taking a response.
//
// A coroutine serves each connection (CgiServer::serve()) and reads like straight-line code. Where a thread would wait,
// the coroutine is suspended, and the connection costs memory and nothing else. A worker runs what takes time; then the
// coroutine goes on in its loop. Only the thread of the loop touches a Client, except that a worker may use the
// Connection in it.
#pragma once

#include <atomic>
#include <coroutine>
#include <functional>
#include <list>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "clock.h"
#include "connection.h"
#include "responder.h"
#include "unique_fd.h"
#include "waiting.h"
#include "workers.h"

namespace cgi {

// The address of a client.
struct Peer {
  std::string address;
  int port = 0;
};

// The type of a coroutine that serves a connection. It begins at once, and lets no exception out: without memory it
// ends, or does not begin, and the connection is closed.
struct Served {
  struct promise_type {
    Served get_return_object() { return {}; }
    static Served get_return_object_on_allocation_failure() { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() {}
  };
};

class EventLoop;
using Tasks = std::list<std::function<void()>>;

// A connection in a loop, with what its coroutine waits for.
class Client : private Watched {
 public:
  Client(EventLoop& loop, UniqueFd socket);
  Client(const Client&) = delete;
  ~Client();

  Connection connection;
  bool gives_way = true;  // to a new client, while it is quiet and there are too many

  struct Input {
    Client& client;
    Clock::time_point deadline;
    bool await_ready() { return client.receive(); }
    bool await_suspend(std::coroutine_handle<> coroutine) { return client.wait(coroutine, deadline); }
    Fill await_resume() { return client.result_; }
  };
  // `co_await input(deadline)` waits for more octets, until the deadline. The result is kBroken, too, if the
  // server stops, or if the client gives way to another one.
  Input input(Clock::time_point deadline) { return {*this, deadline}; }

  struct Sent {
    Client& client;
    bool await_ready() { return client.send(); }
    bool await_suspend(std::coroutine_handle<> coroutine) {
      return client.wait(coroutine, client.connection.send_deadline());
    }
    bool await_resume() { return std::exchange(client.unsent_, {}).empty(); }
  };
  // `co_await sent(octets)` sends `octets`, which must live until then. The result is false if the client is gone, or
  // takes them too slowly.
  Sent sent(std::string_view octets) {
    unsent_ = octets;
    return {*this};
  }

  struct Worked {
    Client& client;
    std::function<After()> work;
    std::optional<After> result = std::nullopt;
    Tasks back = {};  // into the loop
    bool await_ready() { return false; }
    bool await_suspend(std::coroutine_handle<> coroutine);
    std::optional<After> await_resume() { return result; }
  };
  // `co_await worked(work)` has a worker run `work`. There is no result if no worker can be had.
  Worked worked(std::function<After()> work) { return {*this, std::move(work)}; }

 private:
  friend class EventLoop;
  // Do without waiting what the coroutine asks for. They return true if it need not wait.
  bool receive();
  bool send();
  // Has the coroutine wait. Returns false if the system cannot watch the socket: the connection is broken then.
  bool wait(std::coroutine_handle<> coroutine, Clock::time_point deadline);

  EventLoop& loop_;
  std::coroutine_handle<> waiting_;  // null: the coroutine runs, or a worker has the connection
  Clock::time_point deadline_;       // of the wait
  std::string_view unsent_;
  Fill result_ = Fill::kData;
  bool may_have_input_ = true;  // recv() may find something
  int reads_in_a_row_ = 0;      // without a wait; after an answer, the limit
  Clock::time_point quiet_since_;
  std::list<Client*> in_order_{this};  // its only node is in EventLoop::in_order_ while the client waits and gives way
  const std::list<Client*>::iterator node_ = in_order_.begin();
};

class EventLoop {
 public:
  // The function that gets each new connection, in the thread of the loop.
  using Accepted = std::function<void(EventLoop&, UniqueFd, Peer)>;

  // The function that makes room for a new connection in a shortage. Returns false if it cannot.
  using MakeRoom = std::function<bool(EventLoop&)>;

  // Calls `tick` once a second while a worker has a client. Throws std::system_error if the system has no descriptors.
  EventLoop(
      Workers& workers, Accepted accepted, MakeRoom make_room = [](EventLoop& loop) { return loop.close_oldest(); },
      std::function<void()> tick = [] {});

  // Accepts connections from `listener` until stop(). Returns true once no client is left, and false if a worker keeps
  // one for longer than a few seconds.
  bool run(int listener);

  // Any thread may call these functions.
  //
  // Ends all connections. Those that a worker has are shut down.
  void stop();
  // Has the loop run `tasks`. Needs no memory for that.
  void post(Tasks tasks);
  void post(std::function<void()> task) { post(Tasks{std::move(task)}); }
  // Returns how many clients the loop has.
  std::size_t load() const { return load_; }
  // Has the loop close the connection that has been quiet for longest. Returns false if there is none beside those that
  // it closes already.
  bool will_close_oldest();
  // Returns how many connections the loop still has to close for that. It does so once any are quiet.
  std::size_t closing() const { return closing_; }
  // Returns the time since when that connection has been quiet; the end of time if there is none.
  Clock::time_point oldest() const { return Clock::time_point(Clock::duration(oldest_)); }

  // Closes that connection at once. Only the thread of the loop may call this.
  bool close_oldest();

 private:
  friend class Client;
  using Quiet = std::set<std::pair<Clock::time_point, Client*>>;
  void add_quiet(Client& client);
  void remove_quiet(Client& client);
  bool claim_oldest();
  bool close_first();
  void resume(Client& client, Fill result);
  void on_event(Client& client);
  void accept_clients();
  void run_tasks();
  void do_what_is_due();
  void end_clients();
  int milliseconds_to_wait() const;

  Workers& workers_;
  const Accepted accepted_;
  const MakeRoom make_room_;
  const std::function<void()> tick_;
  Waiter waiter_;
  Watched listener_;
  Clock::time_point listen_at_ = Clock::time_point::max();  // after a shortage
  Clock::time_point end_at_ = Clock::time_point::max();     // after stop()
  Clock::time_point tick_at_{};
  std::unordered_set<Client*> clients_;
  Quiet quiet_;                  // the clients that wait, by deadline
  std::list<Client*> in_order_;  // those of them that give way; the first one has waited for longest
  Quiet::node_type spare_;       // of `quiet_`: one request after the other uses it
  Clock::time_point now_;        // of this turn
  std::atomic<std::size_t> load_ = 0;
  std::atomic<std::size_t> gives_way_ = 0;  // the size of in_order_
  std::atomic<std::size_t> closing_ = 0;
  std::atomic<Clock::rep> oldest_ = Clock::duration::max().count();
  std::atomic<bool> stopping_ = false;

  std::mutex mutex_;
  Tasks tasks_;  // guarded by mutex_
};

}  // namespace cgi
