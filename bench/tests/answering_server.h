// A server in the process of a test, for tests of the client side.
#pragma once

#include <arpa/inet.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <functional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "../../server/unique_fd.h"
#include "client.h"

namespace cgi::bench {

inline const Expected kHello{{200}, true, Repeated("hello\n")};
inline constexpr char kNotYet[] = "HTTP/1.1 200 OK\r\n";
inline constexpr char kAnswer[] = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello\n";

// Returns the answer to request number n (from 0, over all connections). An empty answer closes the connection.
using Answers = std::function<std::string(int n)>;

class Server {
 public:
  explicit Server(Answers answers) : answers_(std::move(answers)), listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address_.length = sizeof address;
    ::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address);
    ::listen(listener_.get(), 100);
    ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address_.storage), &address_.length);
    std::array<int, 2> ends{};
    if (::pipe(ends.data()) != 0) std::abort();
    stop_.reset(ends[0]);
    stopper_.reset(ends[1]);
    thread_ = std::thread([this] { serve(); });
  }
  ~Server() {
    stopper_.reset();
    thread_.join();
  }
  const Address& address() const { return address_; }

 private:
  void serve() {
    std::vector<UniqueFd> clients;
    while (true) {
      std::vector<pollfd> fds = {{stop_.get(), POLLIN, 0}, {listener_.get(), POLLIN, 0}};
      for (const auto& client : clients) fds.push_back({client.get(), POLLIN, 0});
      ::poll(fds.data(), fds.size(), -1);
      if (fds[0].revents != 0) return;
      for (std::size_t i = 2; i < fds.size(); ++i) {
        if (fds[i].revents != 0 && !answer(clients[i - 2].get())) clients[i - 2].reset();
      }
      std::erase_if(clients, [](const UniqueFd& client) { return !client; });
      if (fds[1].revents != 0) clients.emplace_back(::accept(listener_.get(), nullptr, nullptr));
    }
  }

  bool answer(int client) {
    std::array<char, 4096> request{};
    if (::recv(client, request.data(), request.size(), 0) <= 0) return false;
    const std::string text = answers_(count_++);
    return !text.empty() && ::send(client, text.data(), text.size(), MSG_NOSIGNAL) > 0;
  }

  Answers answers_;
  UniqueFd listener_;
  UniqueFd stop_;
  UniqueFd stopper_;
  Address address_;
  int count_ = 0;
  std::thread thread_;
};

}  // namespace cgi::bench
