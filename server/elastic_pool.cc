#include "elastic_pool.h"

#include <chrono>
#include <system_error>
#include <thread>

namespace cgi {
namespace {

constexpr auto kIdle = std::chrono::seconds(10);  // after that time a thread without work ends

}  // namespace

ElasticPool::Enqueued ElasticPool::enqueue(std::function<void()> task) {
  {
    std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
    if (idle_ < tasks_.size() && threads_ < most_threads_) {
      try {
        std::thread([this] { work(); }).detach();
        ++threads_;
      } catch (const std::system_error&) {
        // The system has no more threads: the task waits for one of those that run.
      }
    }
  }
  something_to_do_.notify_one();
  return Enqueued(true);
}

void ElasticPool::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    ++idle_;
    something_to_do_.wait_for(lock, kIdle, [this] { return closing_ || !tasks_.empty(); });
    --idle_;
    if (tasks_.empty()) break;
    std::function<void()> task = std::move(tasks_.front());
    tasks_.pop_front();
    lock.unlock();
    task();
    task = nullptr;
    lock.lock();
  }
  --threads_;
  thread_left_.notify_all();
}

void ElasticPool::shutdown() {
  std::unique_lock lock(mutex_);
  closing_ = true;
  something_to_do_.notify_all();
  thread_left_.wait(lock, [this] { return threads_ == 0; });
}

}  // namespace cgi
