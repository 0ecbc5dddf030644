// waiting_epoll.cc asks Linux for what makes responses cost less.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/socket.h>

#include <array>
#include <string>
#include <thread>

#include "waiting.h"
#include "workers.h"

namespace cgi {
namespace {

TEST(PreferManyEvents, IsForTheLoopAndNotForItsWorkers) {
  const int before = ::sched_getscheduler(0);
  int of_loop = -1, of_worker = -1;
  std::thread([&] {
    prefer_many_events();
    of_loop = ::sched_getscheduler(0);
    Workers workers;
    EXPECT_TRUE(workers.run([&] { of_worker = ::sched_getscheduler(0); }));
    EXPECT_TRUE(workers.end(std::chrono::seconds(20)));
  }).join();
  EXPECT_EQ(before == SCHED_OTHER ? SCHED_BATCH : before, of_loop);
  EXPECT_EQ(before, of_worker);
  EXPECT_EQ(before, ::sched_getscheduler(0));
}

std::string control_of(const UniqueFd& socket) {
  std::array<char, 16> name{};
  socklen_t size = name.size();
  EXPECT_EQ(0, ::getsockopt(socket.get(), IPPROTO_TCP, TCP_CONGESTION, name.data(), &size));
  return name.data();
}

// Returns the congestion control of a listener on an IPv4 address after end_pacing().
std::string control_on(in_addr_t address) {
  const UniqueFd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in own{};
  own.sin_family = AF_INET;
  own.sin_addr.s_addr = htonl(address);
  EXPECT_EQ(0, ::bind(listener.get(), reinterpret_cast<sockaddr*>(&own), sizeof own));
  end_pacing(listener.get());
  return control_of(listener);
}

TEST(EndPacing, IsForClientsOnThisMachineOnly) {
  EXPECT_EQ("reno", control_on(INADDR_LOOPBACK));
  EXPECT_EQ("reno", control_on(INADDR_LOOPBACK + 1));
  const UniqueFd usual(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  EXPECT_EQ(control_of(usual), control_on(INADDR_ANY));
}

}  // namespace
}  // namespace cgi
