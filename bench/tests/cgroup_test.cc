#include "cgroup.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ctime>

namespace cgi::bench {
namespace {

TEST(Cgroup, ReadsTheTimeOfItsProcesses) {
  EXPECT_EQ(2.5, parse_usage("usage_usec 2500000\nuser_usec 1000000\nsystem_usec 1500000\n"));
  EXPECT_FALSE(parse_usage(""));
  EXPECT_FALSE(parse_usage("user_usec 1000000\n"));
}

// The grandchild is like a script of a server that ignores SIGCHLD: no process waits for it.
TEST(Cgroup, CountsAProcessThatNobodyWaitsFor) {
  Cgroup group;
  if (!group.is_usable()) GTEST_SKIP() << "this user may not make a control group";
  int go[2];
  ASSERT_EQ(0, ::pipe(go));
  const pid_t child = ::fork();
  if (child == 0) {
    char octet = 0;
    if (::read(go[0], &octet, 1) != 1) ::_exit(1);
    ::signal(SIGCHLD, SIG_IGN);
    if (::fork() == 0) {
      while (std::clock() < CLOCKS_PER_SEC / 10) {
      }
      ::_exit(0);
    }
    ::wait(nullptr);  // returns once no child is left, without the time of any
    ::_exit(0);
  }
  group.add(child);
  ASSERT_EQ(1, ::write(go[1], "x", 1));
  ::waitpid(child, nullptr, 0);
  ::close(go[0]);
  ::close(go[1]);
  EXPECT_GT(group.cpu_seconds().value_or(0), 0.05);
}

}  // namespace
}  // namespace cgi::bench
