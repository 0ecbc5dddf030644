// An event that a thread awaits, for tests of several threads.
#pragma once

#include <chrono>
#include <future>
#include <stdexcept>

namespace cgi {

constexpr auto kPatience = std::chrono::seconds(20);  // each event comes much sooner, unless it never comes

template <typename Result>
Result await(std::future<Result> future) {
  if (future.wait_for(kPatience) != std::future_status::ready) throw std::runtime_error("it did not happen in time");
  return future.get();
}

class Event {
 public:
  void happen() { promise_.set_value(); }
  // One thread may await it.
  void wait() { await(promise_.get_future()); }

 private:
  std::promise<void> promise_;
};

}  // namespace cgi
