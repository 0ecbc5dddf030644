// One client of the load: its connection, and the exchange on it. The client connects again if the server closes the
// connection.
#pragma once

#include <sys/socket.h>

#include <chrono>
#include <cstdint>
#include <string>

#include "../server/unique_fd.h"
#include "content.h"
#include "response_reader.h"

namespace cgi::bench {

using Clock = std::chrono::steady_clock;

struct Address {
  sockaddr_storage storage{};
  socklen_t length = 0;
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

// A request ready to be sent, and the answer that it must get.
struct Shot {
  std::string request;
  const Expected* expected = nullptr;
  std::uint64_t content = 0;  // octets of content in the request
  bool close = false;         // send it on a connection of its own
};

class Client {
 public:
  enum class Progress { kWaiting, kDone };

  Client(int epoll, const Address& address) : epoll_(epoll), address_(address) {}

  bool is_idle() const { return shot_ == nullptr; }
  bool is_connected() const { return is_connected_ && static_cast<bool>(socket_); }
  Clock::time_point due() const { return due_; }
  Clock::time_point begun() const { return begun_; }
  std::uint64_t connections() const { return connections_; }

  // Sends a request, and connects first if necessary. The latency counts from `due`, which may be before `now`.
  Progress begin(const Shot& shot, Clock::time_point due, Clock::time_point now);
  // Goes on after epoll has reported `events`.
  Progress go_on(std::uint32_t events);
  // Gives the exchange up. `why` becomes the failure.
  void abandon(std::string why);

  // The results of the exchange that is done: why the answer is not complete, and why it is wrong; empty if it is
  // right.
  const std::string& failure() const { return failure_; }
  std::string verdict() const { return check_.verdict(reader_.status()); }
  std::uint64_t octets() const { return check_.received() + sent_content_; }

 private:
  Progress connect();
  Progress send();
  Progress receive();
  Progress finish();
  Progress fail(const char* doing, int error);
  Progress closed_by_peer(const char* doing, int error);
  void watch(std::uint32_t events);

  int epoll_;
  const Address& address_;
  UniqueFd socket_;
  std::uint32_t watched_ = 0;
  bool is_connected_ = false;
  bool is_fresh_ = true;  // no answer has arrived on this connection
  const Shot* shot_ = nullptr;
  std::size_t sent_ = 0;
  std::uint64_t sent_content_ = 0;
  Clock::time_point due_;
  Clock::time_point begun_;
  ResponseReader reader_;
  ContentCheck check_;
  std::string failure_;
  std::uint64_t connections_ = 0;
};

}  // namespace cgi::bench
