// A number of places, or of octets, that all requests share.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

namespace cgi {

class Quota {
 public:
  // Gives a share back at its end.
  struct GiveBack {
    std::uint64_t count = 0;
    void operator()(Quota* quota) const { quota->free_ += count; }
  };
  using Share = std::unique_ptr<Quota, GiveBack>;  // null: nothing

  explicit Quota(std::uint64_t all) : free_(all) {}

  bool any() const { return free_ > 0; }
  // Adds `count` to `share`. Returns false if less is free.
  bool extend(Share& share, std::uint64_t count) {
    std::uint64_t free = free_;
    do {
      if (free < count) return false;
    } while (!free_.compare_exchange_weak(free, free - count));
    if (!share) share.reset(this);
    share.get_deleter().count += count;
    return true;
  }
  // Takes one. Returns null if none is free.
  Share take() {
    Share share;
    extend(share, 1);
    return share;
  }

 private:
  std::atomic<std::uint64_t> free_;
};

}  // namespace cgi
