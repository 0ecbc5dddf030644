#include "workers.h"

#include <exception>
#include <thread>
#include <utility>

#include "waiting.h"

namespace cgi {
namespace {

constexpr auto kIdle = std::chrono::seconds(10);  // after that time a thread without work ends

}  // namespace

bool Workers::run(Task task) {
  {
    std::lock_guard lock(mutex_);
    try {
      if (idle_ <= tasks_.size()) {
        std::thread([this] { work(); }).detach();
        ++threads_;
        ++idle_;  // the new thread counts as idle until it takes a task
      }
      tasks_.push_back(std::move(task));
    } catch (const std::exception&) {  // too many threads, or no memory
      return false;
    }
  }
  something_to_do_.notify_one();
  return true;
}

void Workers::work() {
  prefer_early_events();  // a loop may have started this thread, and scripts inherit what it has
  std::unique_lock lock(mutex_);
  for (;;) {
    something_to_do_.wait_for(lock, kIdle, [this] { return closing_ || !tasks_.empty(); });
    --idle_;
    if (tasks_.empty()) break;
    Task task = std::move(tasks_.front());
    tasks_.pop_front();
    lock.unlock();
    task();
    task = nullptr;
    lock.lock();
    ++idle_;
  }
  --threads_;
  thread_left_.notify_all();
}

bool Workers::end(std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  closing_ = true;
  something_to_do_.notify_all();
  return thread_left_.wait_for(lock, patience, [this] { return threads_ == 0; });
}

}  // namespace cgi
