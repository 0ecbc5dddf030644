// The task queue of the server: one thread for each connection, up to a limit.
//
// httplib's own pool has a fixed number of threads, and each connection holds one: eight slow scripts would stop the
// server, and a script that sends a request to its own server would wait for itself.
// rule: base/requests-run-in-parallel, resource/slow-script-blocks-no-request
#pragma once

#include <httplib.h>

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <utility>

namespace cgi {

class ElasticPool : public httplib::TaskQueue {
 public:
  // void up to httplib 0.14, bool in later releases.
  using Enqueued = decltype(std::declval<httplib::TaskQueue&>().enqueue(std::function<void()>()));

  explicit ElasticPool(std::size_t most_threads) : most_threads_(most_threads) {}

  // Runs `task` on an idle thread or on a new one. If `most_threads` are busy, the task waits in the queue.
  Enqueued enqueue(std::function<void()> task) override;
  // Runs the tasks in the queue and returns when no thread is left.
  void shutdown() override;

 private:
  void work();

  const std::size_t most_threads_;
  std::mutex mutex_;
  std::condition_variable something_to_do_;
  std::condition_variable thread_left_;
  std::deque<std::function<void()>> tasks_;
  std::size_t threads_ = 0;
  std::size_t idle_ = 0;
  bool closing_ = false;
};

}  // namespace cgi
