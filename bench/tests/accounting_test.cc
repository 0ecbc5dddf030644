#include "accounting.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../server/unique_fd.h"

namespace cgi::bench {
namespace {

TEST(Accounting, ParsesStatAfterAnyName) {
  const auto stat = parse_stat("42 (a) b) c) S 7 42 42 0 -1 4194560 1 2 3 4 10 20 300 4000 20 0 1 0 5 6 7");
  ASSERT_TRUE(stat);
  EXPECT_EQ(7, stat->parent);
  EXPECT_EQ(4330u, stat->ticks);
  EXPECT_FALSE(parse_stat(""));
  EXPECT_FALSE(parse_stat("42 (gone) S 7"));
}

TEST(Accounting, ReadsTheSumOfPss) {
  EXPECT_EQ(1234u, parse_pss("00400000 [rollup]\nRss:     9999 kB\nPss:     1234 kB\nPss_Anon:  55 kB\n"));
  EXPECT_EQ(0u, parse_pss(""));
}

TEST(Accounting, FindsAListenerByItsPort) {
  UniqueFd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* plain = reinterpret_cast<sockaddr*>(&address);
  socklen_t length = sizeof address;
  ASSERT_EQ(0, ::bind(listener.get(), plain, length));
  ASSERT_EQ(0, ::listen(listener.get(), 1));
  ASSERT_EQ(0, ::getsockname(listener.get(), plain, &length));
  EXPECT_EQ(::getpid(), listener_of(ntohs(address.sin_port)));
  listener.reset();
  EXPECT_EQ(0, listener_of(ntohs(address.sin_port)));
}

TEST(Accounting, CountsChildrenToTheFamily) {
  int ends[2];
  ASSERT_EQ(0, ::pipe(ends));
  const pid_t child = ::fork();
  if (child == 0) {
    char octet = 0;
    ::close(ends[1]);
    ::_exit(::read(ends[0], &octet, 1) == 0 ? 0 : 1);  // until the parent closes the pipe
  }
  EXPECT_EQ(1u, family_of(::getpid()).count(child));
  ::close(ends[1]);
  ::close(ends[0]);
  ::waitpid(child, nullptr, 0);
  EXPECT_EQ(0u, family_of(::getpid()).count(child));
  EXPECT_GT(MemoryWatch(::getpid()).stop(), 100'000u);
}

}  // namespace
}  // namespace cgi::bench
