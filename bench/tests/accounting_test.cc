#include "accounting.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <ctime>
#include <vector>

#include "../../server/unique_fd.h"

namespace cgi::bench {
namespace {

TEST(Accounting, ParsesStatAfterAnyName) {
  const auto stat = parse_stat("42 (a) b) c) S 7 42 42 0 -1 4194560 1 2 3 4 10 20 300 4000 20 0 9 0 5 6 7");
  ASSERT_TRUE(stat);
  EXPECT_EQ(7, stat->parent);
  EXPECT_EQ(30u, stat->own_ticks);
  EXPECT_EQ(4300u, stat->child_ticks);
  EXPECT_EQ(9u, stat->threads);
  EXPECT_FALSE(parse_stat(""));
  EXPECT_FALSE(parse_stat("42 (gone) S 7"));
}

TEST(Accounting, ReadsOwnAndSharedMemory) {
  const auto use = parse_memory(
      "00400000 [rollup]\nRss:  9999 kB\nPss:  1234 kB\nShared_Clean:  3 kB\nShared_Dirty:  4 kB\n"
      "Private_Clean:  10 kB\nPrivate_Dirty:  20 kB\nShared_Hugetlb:  7 kB\n");
  EXPECT_EQ(30u * 1024, use.own);
  EXPECT_EQ(7u * 1024, use.shared);
  EXPECT_EQ(0u, parse_memory("").own);
}

TEST(Accounting, KnowsAProcessThatDoesNotWaitForItsChildren) {
  EXPECT_TRUE(parse_ignores_children("Name:\tx\nSigIgn:\t0000000000010000\nSigCgt:\t0000000000000001\n"));
  EXPECT_FALSE(parse_ignores_children("Name:\tx\nSigIgn:\t0000000001001000\nSigCgt:\t0000000000010000\n"));
  EXPECT_FALSE(parse_ignores_children(""));
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
}

TEST(Accounting, CountsTheTimeOfAChildThatWasWaitedFor) {
  const double before = cpu_seconds(::getpid());
  const pid_t child = ::fork();
  if (child == 0) {
    while (std::clock() < CLOCKS_PER_SEC / 10) {
    }
    ::_exit(0);
  }
  ::waitpid(child, nullptr, 0);
  EXPECT_GT(cpu_seconds(::getpid()) - before, 0.05);
}

// A child between vfork() and exec() has the memory of its parent. Counted twice, it would double a server.
TEST(Accounting, CountsAChildOfVforkWithoutItsMemory) {
  const Footprint alone = footprint_of(::getpid());
  std::array<int, 2> ends{};
  ASSERT_EQ(0, ::pipe(ends.data()));
  alignas(16) static std::array<char, 64 * 1024> stack;
  const auto wait_for_close = [](void* reader) {
    char octet = 0;
    return static_cast<int>(::read(*static_cast<int*>(reader), &octet, 1));
  };
  const pid_t sharing = ::clone(wait_for_close, stack.data() + stack.size(), CLONE_VM | SIGCHLD, ends.data());
  ASSERT_GT(sharing, 0);
  EXPECT_EQ(1u, family_of(::getpid()).count(sharing));
  const Footprint both = footprint_of(::getpid());
  ::close(ends[1]);
  ::kill(sharing, SIGKILL);  // it holds a copy of the end that closed
  ::waitpid(sharing, nullptr, 0);
  ::close(ends[0]);
  EXPECT_GT(alone.memory, 100'000u);
  EXPECT_EQ(alone.processes, both.processes);
  EXPECT_LT(both.memory, alone.memory * 3 / 2);
  EXPECT_GE(FootprintWatch(::getpid()).stop().threads, alone.threads);
}

// The child has a copy of 16 MB that neither process changes, so that both share it.
TEST(Accounting, CountsMemoryThatAWorkerSharesOnce) {
  const std::vector<char> content(16 * 1024 * 1024, 'x');
  std::array<int, 2> ends{};
  ASSERT_EQ(0, ::pipe(ends.data()));
  const Footprint alone = footprint_of(::getpid());
  const pid_t child = ::fork();
  if (child == 0) {
    char octet = 0;
    ::close(ends[1]);
    ::_exit(::read(ends[0], &octet, 1) == 0 && content[5] == 'x' ? 0 : 1);
  }
  const Footprint both = footprint_of(::getpid());
  ::close(ends[1]);
  ::close(ends[0]);
  ::waitpid(child, nullptr, 0);
  EXPECT_GT(alone.memory, content.size());
  EXPECT_EQ(alone.processes + 1, both.processes);
  EXPECT_LT(both.memory, alone.memory + content.size() / 2);
}

}  // namespace
}  // namespace cgi::bench
