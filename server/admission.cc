#include "admission.h"

#include <algorithm>
#include <numeric>

namespace cgi {
namespace {

constexpr std::size_t kRefusalsAtOnce = 64;  // connections beyond these get no response

}  // namespace

EventLoop& Admission::loop_with_fewest(EventLoop& loop) const {
  EventLoop* least = &loop;
  for (const auto& other : loops_) {
    if (other->load() + 1 < least->load()) least = other.get();
  }
  return *least;
}

Entry Admission::enter(EventLoop& loop, const std::string& address) {
  if (admit(loop, address)) return Entry::kServed;
  std::lock_guard lock(mutex_);
  if (refused_ == kRefusalsAtOnce) return Entry::kClosed;
  ++refused_;
  return Entry::kRefused;
}

bool Admission::admit(EventLoop& loop, const std::string& address) {
  std::unique_lock lock(mutex_);
  const auto has_many = [&] {
    const auto client = served_of_.find(address);
    return client != served_of_.end() && client->second >= most_per_address_;
  };
  const auto closing = [&] {  // connections that will be closed, but still count
    return std::accumulate(loops_.begin(), loops_.end(), std::size_t{0},
                           [](std::size_t sum, const auto& other) { return sum + other->closing(); });
  };
  while (!has_many() && served_ >= most_ + closing()) {
    lock.unlock();
    if (!make_room(loop)) return false;
    lock.lock();
  }
  if (has_many()) return false;
  if (most_per_address_ > 0) ++served_of_[address];
  ++served_;
  return true;
}

void Admission::leave(Entry entry, const std::string& address) {
  std::lock_guard lock(mutex_);
  --(entry == Entry::kServed ? served_ : refused_);
  if (entry != Entry::kServed) return;
  const auto client = served_of_.find(address);
  if (client != served_of_.end() && --client->second == 0) served_of_.erase(client);
}

bool Admission::make_room(EventLoop& loop) const {
  const auto close_in = [&](EventLoop& other) {
    return &other == &loop ? loop.close_oldest() : other.will_close_oldest();
  };
  EventLoop* oldest = &loop;
  for (const auto& other : loops_) {
    if (other->oldest() < oldest->oldest()) oldest = other.get();
  }
  return close_in(*oldest) || std::ranges::any_of(loops_, [&](const auto& other) { return close_in(*other); });
}

}  // namespace cgi
