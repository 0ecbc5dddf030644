#include "content.h"

#include <algorithm>
#include <cstring>

namespace cgi::bench {
namespace {

constexpr std::size_t kBlock = 64 * 1024;

}  // namespace

Repeated::Repeated(std::string text, std::uint64_t times) : size_(text.size() * times) {
  if (text.empty()) return;
  const std::uint64_t fitting = std::max<std::uint64_t>(1, kBlock / text.size());
  for (std::uint64_t i = 0; i < std::min(times, fitting); ++i) block_ += text;
}

bool Repeated::has(std::uint64_t offset, std::string_view octets) const {
  if (offset > size_ || octets.size() > size_ - offset) return false;
  while (!octets.empty()) {
    const auto at = static_cast<std::size_t>(offset % block_.size());
    const std::size_t length = std::min(octets.size(), block_.size() - at);
    if (std::memcmp(block_.data() + at, octets.data(), length) != 0) return false;
    octets.remove_prefix(length);
    offset += length;
  }
  return true;
}

std::string Repeated::whole() const {
  std::string octets;
  octets.reserve(size_);
  while (octets.size() < size_) octets.append(block_, 0, size_ - octets.size());
  return octets;
}

void ContentCheck::begin(const Expected& expected) {
  expected_ = &expected;
  received_ = 0;
  differs_ = false;
}

void ContentCheck::take(std::string_view octets) {
  if (expected_->is_exact && !differs_) differs_ = !expected_->content.has(received_, octets);
  received_ += octets.size();
}

std::string ContentCheck::verdict(int status) const {
  const auto& wanted = expected_->statuses;
  if (std::find(wanted.begin(), wanted.end(), status) == wanted.end()) {
    std::string list;
    for (int one : wanted) list += (list.empty() ? "" : " or ") + std::to_string(one);
    return "status " + std::to_string(status) + " instead of " + list;
  }
  if (!expected_->is_exact) return received_ > 0 ? "" : "no content";
  if (received_ != expected_->content.size()) {
    return std::to_string(received_) + " octets of content instead of " + std::to_string(expected_->content.size());
  }
  return differs_ ? "content of the right length, but not the right content" : "";
}

}  // namespace cgi::bench
