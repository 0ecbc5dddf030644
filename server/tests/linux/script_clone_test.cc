// Linux has keys, capabilities and tracers. A script must get none of those of the server, and no tracer may hold it.
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <pwd.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <optional>
#include <string>
#include <thread>

#include "output_of.h"
#include "scratch_directory.h"
#include "script.h"

namespace cgi {
namespace {

class ScriptCloneTest : public ::testing::Test {
 protected:
  // Returns the output of a shell script that nobody runs if root starts it.
  std::string printed(const std::string& text) {
    files_.write("script", "#!/bin/sh\n" + text, 0755);
    if (const passwd* nobody = ::geteuid() == 0 ? ::getpwnam("nobody") : nullptr) {
      account_ = Account{nobody->pw_uid, nobody->pw_gid, "nobody"};
    }
    ScriptCommand command;
    command.file = files_.path("script");
    command.arguments = {"script"};
    command.account = account_ ? &*account_ : nullptr;
    Script script;
    int error = 0;
    EXPECT_EQ(std::nullopt, Script::start(command, {}, script, error));
    const std::string output = output_of(script);
    EXPECT_EQ(0, script.reap());
    return output;
  }

  ScratchDirectory files_;
  std::optional<Account> account_;
};

// rule: process/capabilities-are-dropped
TEST_F(ScriptCloneTest, AScriptInheritsNoCapability) {
  std::thread([this] {  // capabilities belong to a thread
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> own{};
    ASSERT_EQ(0, ::syscall(SYS_capget, &header, own.data()));
    own[0].inheritable = own[0].permitted;
    ASSERT_EQ(0, ::syscall(SYS_capset, &header, own.data()));
    EXPECT_EQ("CapInh:\t0000000000000000\nCapPrm:\t0000000000000000\n",
              printed("exec grep -E '^Cap(Inh|Prm)' /proc/self/status\n"));
  })
      .join();
}

TEST_F(ScriptCloneTest, AScriptGetsNoKeysOfRootsSession) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root: other scripts have the keys of their user";
  std::thread([this] {  // a session keyring belongs to a thread
    if (::syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr) < 0 ||
        ::syscall(SYS_add_key, "user", "cgi-server-test", "secret", 6, KEY_SPEC_SESSION_KEYRING) < 0) {
      GTEST_SKIP() << "this system or sandbox has no keyrings";
    }
    EXPECT_EQ("end\n", printed("grep cgi-server-test /proc/keys; echo end\n"));
  })
      .join();
}

// Another process holds the ended script as its tracer. The server goes on, and a later start collects the script.
// rule: process/ended-scripts-leave-no-zombies
TEST_F(ScriptCloneTest, AScriptThatIsTracedDoesNotHoldTheServer) {
  files_.write("script", "#!/bin/sh\nread line\n", 0755);
  ScriptCommand command;
  command.file = files_.path("script");
  command.arguments = {"script"};
  Script script;
  int error = 0;
  ASSERT_EQ(std::nullopt, Script::start(command, {}, script, error));
  const pid_t traced = script.pid();
  std::array<int, 2> ready{};
  ASSERT_EQ(0, ::pipe(ready.data()));
  const pid_t tracer = ::fork();
  if (tracer == 0) {
    const char can = ::ptrace(PTRACE_SEIZE, traced, nullptr, nullptr) == 0 ? '1' : '0';
    static_cast<void>(::write(ready[1], &can, 1));
    ::pause();
    ::_exit(0);
  }
  const UniqueFd read_end(ready[0]), write_end(ready[1]);
  char can = '0';
  ASSERT_EQ(1, ::read(ready[0], &can, 1));
  if (can == '1') {
    script.end();
    EXPECT_EQ(-1, script.pid());
    siginfo_t info{};
    EXPECT_EQ(0, ::waitid(P_PID, static_cast<id_t>(traced), &info, WEXITED | WNOHANG | WNOWAIT));
    EXPECT_EQ(0, info.si_pid);  // the tracer has it
  }
  ::kill(tracer, SIGKILL);
  EXPECT_EQ(tracer, ::waitpid(tracer, nullptr, 0));
  EXPECT_EQ("", printed("exit 0\n"));
  if (can != '1') GTEST_SKIP() << "this system lets no process trace another one";
  EXPECT_EQ(-1, ::kill(traced, 0));  // it is gone
}

}  // namespace
}  // namespace cgi
