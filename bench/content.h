// What a response must hold, and whether it does, octet by octet as they arrive.
//
// Content is written as in the cases: a text, repeated. So 100 MB are known without being kept, and comparing
// costs a fraction of receiving: every octet of every response is looked at, not a sample.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cgi::bench {

// `text`, `times` times.
class Repeated {
 public:
  Repeated() = default;
  explicit Repeated(std::string text, std::uint64_t times = 1);

  std::uint64_t size() const { return size_; }
  // Whether these octets stand at `offset`.
  bool has(std::uint64_t offset, std::string_view octets) const;
  std::string whole() const;
  // What repeats, or several repetitions of it.
  const std::string& block() const { return block_; }

 private:
  std::string block_;  // several repetitions, so that one comparison covers a piece as it arrives
  std::uint64_t size_ = 0;
};

struct Expected {
  std::vector<int> statuses = {200};
  bool is_exact = false;  // else any content but none: error pages differ
  Repeated content;
};

// Compares one response after another.
class ContentCheck {
 public:
  void begin(const Expected& expected);
  void take(std::string_view octets);
  // Empty if the response, now complete, was right; else what was wrong with it.
  std::string verdict(int status) const;
  std::uint64_t received() const { return received_; }

 private:
  const Expected* expected_ = nullptr;
  std::uint64_t received_ = 0;
  bool differs_ = false;
};

}  // namespace cgi::bench
