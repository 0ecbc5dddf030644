// The content that a response must have. ContentCheck compares every octet of a response as it arrives.
//
// As in the cases, content is a text that is repeated. So 100 MB need little memory, and comparing costs much less than
// receiving.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cgi::bench {

// A text that is repeated.
class Repeated {
 public:
  Repeated() = default;
  explicit Repeated(std::string text, std::uint64_t times = 1);

  std::uint64_t size() const { return size_; }
  // Returns whether the content has these octets at `offset`.
  bool has(std::uint64_t offset, std::string_view octets) const;
  std::string whole() const;
  // Returns one or several repetitions of the text.
  const std::string& block() const { return block_; }

 private:
  std::string block_;  // several repetitions, so that one comparison covers a piece as it arrives
  std::uint64_t size_ = 0;
};

struct Expected {
  std::vector<int> statuses = {200};
  bool is_exact = false;  // otherwise any content that is not empty, because error pages differ
  Repeated content;
};

// Compares one response after another.
class ContentCheck {
 public:
  void begin(const Expected& expected);
  void take(std::string_view octets);
  // Returns what is wrong with the complete response; empty if it is right.
  std::string verdict(int status) const;
  std::uint64_t received() const { return received_; }

 private:
  const Expected* expected_ = nullptr;
  std::uint64_t received_ = 0;
  bool differs_ = false;
};

}  // namespace cgi::bench
