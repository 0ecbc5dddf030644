// The threads that run what takes time: scripts, long chunked bodies, large files and listings.
//
// Their number follows the work under way. A fixed number of threads would let eight slow scripts stop the server, and
// a script that sends a request to its own server would wait for itself.
// rule: base/requests-run-in-parallel, resource/slow-script-blocks-no-request
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>

namespace cgi {

// A worker needs less than this time to end a script when the server stops.
inline constexpr auto kLastWork = std::chrono::seconds(4);

class Workers {
 public:
  using Task = std::function<void()>;

  // Runs `task` on an idle thread or on a new one. Returns false if the system has no more threads and none is idle.
  bool run(Task task);
  // Returns once no thread is left. Returns false if that takes longer than `patience`.
  bool end(std::chrono::milliseconds patience);

 private:
  void work();

  std::mutex mutex_;
  std::condition_variable something_to_do_;
  std::condition_variable thread_left_;
  std::deque<Task> tasks_;
  std::size_t threads_ = 0;
  std::size_t idle_ = 0;
  bool closing_ = false;
};

}  // namespace cgi
