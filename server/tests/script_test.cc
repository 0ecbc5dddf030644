#include "script.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "output_of.h"
#include "scratch_directory.h"

namespace cgi {
namespace {

class ScriptTest : public ::testing::Test {
 protected:
  ScriptTest() { ::signal(SIGPIPE, SIG_IGN); }  // as the server does, before its first script

  ScriptCommand command(const std::string& text, mode_t mode = 0755) {
    files_.write("script", text, mode);
    ScriptCommand result;
    result.file = files_.path("script");
    result.arguments = {"script"};
    return result;
  }
  std::optional<StartFailure> start(const ScriptCommand& it) { return Script::start(it, {}, script_, error_); }

  ScratchDirectory files_;
  Script script_;
  int error_ = 0;
};

TEST_F(ScriptTest, GetsOnlyItsArgumentsAndItsEnvironment) {
  ScriptCommand it = command("#!/bin/sh\nprintf '%s|' \"$#\" \"$1\" \"$2\"\ntr '\\0' '|' </proc/$$/environ\n");
  it.arguments = {"script", "a b", ""};
  it.environment = {"A=1", "B=two words"};
  ASSERT_EQ(std::nullopt, start(it));
  EXPECT_EQ("2|a b||A=1|B=two words|", output_of(script_));
  EXPECT_EQ(0, script_.reap());
}

TEST_F(ScriptTest, HasThreeDescriptorsNoIgnoredSignalAndItsOwnGroup) {
  // The shell opens the script file itself (10 in dash).
  ScriptCommand it = command("#!/bin/sh\nexec cat /proc/self/status /proc/self/stat\n");
  ASSERT_EQ(std::nullopt, start(it));
  const pid_t pid = script_.pid();
  const std::string text = output_of(script_);
  EXPECT_NE(std::string::npos, text.find("SigIgn:\t0000000000000000\n")) << text;
  EXPECT_NE(std::string::npos, text.find("SigBlk:\t0000000000000000\n")) << text;
  // /proc/self/stat: pid (name) state ppid pgrp
  const std::size_t name_end = text.rfind(") ");
  ASSERT_NE(std::string::npos, name_end);
  const std::string rest = text.substr(name_end + 4);
  EXPECT_EQ(std::to_string(pid), rest.substr(rest.find(' ') + 1, std::to_string(pid).size()));
  script_.reap();

  const int inherited = ::open("/dev/null", O_RDONLY);  // without O_CLOEXEC, as libraries may do
  Script lister;
  ScriptCommand list = command("#!/bin/sh\nexec ls /proc/self/fd\n");
  list.environment = {"PATH=/usr/bin:/bin"};
  ASSERT_EQ(std::nullopt, Script::start(list, {}, lister, error_));
  EXPECT_EQ("0\n1\n2\n3\n", output_of(lister));  // 3: the directory that ls reads
  ::close(inherited);
}

TEST_F(ScriptTest, ReadsItsInputToTheEnd) {
  ScriptCommand it = command("#!/bin/sh\nexec /bin/cat\n");
  ASSERT_EQ(std::nullopt, start(it));
  ASSERT_EQ(4, ::write(script_.input().get(), "body", 4));
  script_.input().reset();
  EXPECT_EQ("body", output_of(script_));
}

TEST_F(ScriptTest, FindsTheFirstOctetsOfItsInputInThePipe) {
  ScriptCommand it = command("#!/bin/sh\nexec /bin/cat\n");
  it.input = "body";
  ASSERT_EQ(std::nullopt, start(it));
  EXPECT_EQ(4U, script_.fed());
  ASSERT_TRUE(script_.input());  // more may follow
  ASSERT_EQ(4, ::write(script_.input().get(), "more", 4));
  script_.input().reset();
  EXPECT_EQ("bodymore", output_of(script_));
}

TEST_F(ScriptTest, HasNoMoreInputIfAllOfItIsInThePipe) {
  ScriptCommand it = command("#!/bin/sh\nexec /bin/cat\n");
  it.input_ends = true;
  for (const char* input : {"", "body"}) {
    it.input = input;
    ASSERT_EQ(std::nullopt, start(it));
    EXPECT_FALSE(script_.input());
    EXPECT_EQ(input, output_of(script_));
    EXPECT_EQ(0, script_.reap());
  }
}

TEST_F(ScriptTest, GetsWhatDoesNotFitIntoThePipeLater) {
  const std::string input(8 << 20, 'x');
  ScriptCommand it = command("#!/bin/sh\nexec /usr/bin/wc -c\n");
  it.input = input;
  it.input_ends = true;
  ASSERT_EQ(std::nullopt, start(it));
  EXPECT_LT(0U, script_.fed());
  ASSERT_LT(script_.fed(), input.size());
  ASSERT_TRUE(script_.input());
  const std::string fed = std::to_string(script_.fed());
  script_.input().reset();
  EXPECT_EQ(fed + "\n", output_of(script_));
}

TEST_F(ScriptTest, LeadsASessionWithoutATerminal) {
  ASSERT_EQ(std::nullopt, start(command("#!/bin/sh\nset -- $(cut -d' ' -f5-7 /proc/$$/stat)\n"
                                        "echo $(($1 == $$)) $(($2 == $$)) $3\n")));
  EXPECT_EQ("1 1 0\n", output_of(script_));
}

TEST_F(ScriptTest, DoesNotRunIfAnotherFileHasItsName) {
  ScriptCommand it = command("#!/bin/sh\necho first\n");
  struct stat checked = {};
  ASSERT_EQ(0, ::stat(it.file.c_str(), &checked));
  it.device = checked.st_dev;
  it.inode = checked.st_ino;
  ASSERT_EQ(std::nullopt, start(it));
  EXPECT_EQ("first\n", output_of(script_));
  files_.write("other", "#!/bin/sh\necho other\n", 0755);
  ASSERT_EQ(0, ::rename(files_.path("other").c_str(), it.file.c_str()));
  Script another;
  EXPECT_EQ(StartFailure::kReplaced, Script::start(it, {}, another, error_));
}

TEST_F(ScriptTest, HasTheLimitsOfTheOperator) {
  ScriptCommand it = command("#!/bin/sh\nulimit -t\ngrep NoNewPrivs /proc/$$/status\n");
  const ScriptLimit cpu = {RLIMIT_CPU, 7, 7};
  it.limits = {&cpu, 1};
  it.no_new_privileges = true;
  it.environment = {"PATH=/usr/bin:/bin"};
  ASSERT_EQ(std::nullopt, start(it));
  EXPECT_EQ("7\nNoNewPrivs:\t1\n", output_of(script_));
}

TEST_F(ScriptTest, SaysWhyItDoesNotRunNow) {
  ScriptCommand it = command("#!/bin/sh\necho hello\n");
  it.environment = {"A=" + std::string(200'000, 'x')};
  EXPECT_EQ(StartFailure::kTooLarge, start(it));
  it.environment.clear();
  UniqueFd writer(::open(it.file.c_str(), O_WRONLY | O_CLOEXEC));
  EXPECT_EQ(StartFailure::kNoResources, start(it));  // ETXTBSY
}

TEST_F(ScriptTest, GivesItsPlaceBackHoweverItEnds) {
  ScriptPlaces places(1);
  const auto start_with_place = [&](ScriptCommand it) {
    ScriptPlace place = places.take();
    EXPECT_FALSE(places.any());
    return Script::start(it, std::move(place), script_, error_);
  };
  EXPECT_EQ(StartFailure::kCannotExecute, start_with_place(command("no interpreter line\n")));
  EXPECT_TRUE(places.any());
  ASSERT_EQ(std::nullopt, start_with_place(command("#!/bin/sh\n")));
  EXPECT_FALSE(places.any());
  EXPECT_EQ(0, script_.reap());
  EXPECT_TRUE(places.any());
  ASSERT_EQ(std::nullopt, start_with_place(command("#!/bin/sh\nexec sleep 60\n")));
  script_.end();
  EXPECT_TRUE(places.any());
}

TEST(ScriptPlaces, HaveNothingTakenIfNoneIsFree) {
  ScriptPlaces places(1);
  ScriptPlace only = places.take();
  const ScriptPlace none = places.take(true);
  EXPECT_FALSE(none);
  only = {};
  EXPECT_TRUE(places.take(true));
}

TEST(ScriptPlaces, KeepHalfForScriptsWhoseBodyIsHere) {
  ScriptPlaces places(4);
  const ScriptPlace first = places.take(true);
  const ScriptPlace second = places.take(true);
  EXPECT_TRUE(first && second);
  EXPECT_FALSE(places.take(true));
  ScriptPlace third = places.take();
  const ScriptPlace fourth = places.take();
  EXPECT_TRUE(third && fourth);
  EXPECT_FALSE(places.any());
  EXPECT_FALSE(places.take());
  third = {};
  EXPECT_FALSE(places.take(true));
  EXPECT_TRUE(places.take());
}

TEST_F(ScriptTest, ReportsWhyItDidNotStart) {
  EXPECT_EQ(StartFailure::kNotExecutable, start(command("#!/bin/sh\n", 0644)));
  EXPECT_EQ(StartFailure::kCannotExecute, start(command("#!/nowhere/sh\n")));
  EXPECT_EQ(ENOENT, error_);
  EXPECT_EQ(StartFailure::kCannotExecute, start(command("no interpreter line\n")));
  EXPECT_EQ(ENOEXEC, error_);
  EXPECT_EQ(StartFailure::kCannotExecute, start(command("#!/bin/sh\r\n")));
  EXPECT_EQ(StartFailure::kCannotExecute, start(command("")));
  EXPECT_EQ(-1, script_.pid());
}

TEST_F(ScriptTest, EndsWithItsWholeGroup) {
  ScriptCommand it = command("#!/bin/sh\n/bin/sleep 100 &\necho ready\nwait\n");
  ASSERT_EQ(std::nullopt, start(it));
  std::array<char, 6> ready{};
  pollfd output{script_.output().get(), POLLIN, 0};
  ASSERT_EQ(1, ::poll(&output, 1, 10'000));
  ASSERT_EQ(6, ::read(script_.output().get(), ready.data(), ready.size()));
  script_.signal_group(SIGKILL);
  EXPECT_EQ("exit code -9 (SIGKILL)", exit_text(script_.reap()));
  EXPECT_EQ("", output_of(script_));  // the sleeping child held it open
}

TEST_F(ScriptTest, KeepsTheLimitOnDescriptorsFromBeforeTheServerRaisedIt) {
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  const rlimit little{before.rlim_cur - 1, before.rlim_max};
  ASSERT_EQ(0, ::setrlimit(RLIMIT_NOFILE, &little));
  const std::vector<ScriptLimit> limits = limits_of_scripts({}, before.rlim_cur);
  rlimit now{};
  ::getrlimit(RLIMIT_NOFILE, &now);
  EXPECT_EQ(before.rlim_cur, now.rlim_cur);
  ScriptCommand it = command("#!/bin/sh\nulimit -n\n");
  it.limits = limits;
  ASSERT_EQ(std::nullopt, start(it));
  EXPECT_EQ(std::to_string(little.rlim_cur) + "\n", output_of(script_));
}

TEST(DescriptorLimit, IsRaisedAsFarAsAllowedAndNeverLowered) {
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  for (const std::size_t wanted : {std::size_t{1}, std::size_t{1} << 60}) {
    limits_of_scripts({}, wanted);
    rlimit now{};
    ::getrlimit(RLIMIT_NOFILE, &now);
    EXPECT_EQ(wanted == 1 ? before.rlim_cur : before.rlim_max, now.rlim_cur);
  }
  ::setrlimit(RLIMIT_NOFILE, &before);
}

TEST_F(ScriptTest, RunsInTheServersDirectoryByDefault) {
  ScriptCommand it = command("#!/bin/sh\nexec /bin/pwd -P\n");
  ASSERT_EQ(std::nullopt, start(it));
  EXPECT_EQ(std::filesystem::current_path().string() + "\n", output_of(script_));
  script_.reap();
  it.directory = files_.path();
  ASSERT_EQ(std::nullopt, start(it));
  EXPECT_EQ(std::filesystem::canonical(files_.path()).string() + "\n", output_of(script_));
  script_.reap();
}

TEST_F(ScriptTest, EndsWithItsObject) {
  int ended = -1;
  {
    Script script;
    ASSERT_EQ(std::nullopt, Script::start(command("#!/bin/sh\nexec sleep 60\n"), {}, script, error_));
    ended = ::dup(script.ended_fd());
  }
  pollfd entry{ended, POLLIN, 0};
  EXPECT_EQ(1, ::poll(&entry, 1, 0));
  ::close(ended);
}

TEST_F(ScriptTest, ExitStatusHasAText) {
  EXPECT_EQ("", exit_text(0));
  ASSERT_EQ(std::nullopt, start(command("#!/bin/sh\nexit 3\n")));
  EXPECT_EQ("exit code 3", exit_text(script_.reap()));
  ASSERT_EQ(std::nullopt, start(command("#!/bin/sh\nexit 1\n")));
  EXPECT_EQ("exit code 1", exit_text(script_.reap()));
}

TEST_F(ScriptTest, StartedByRootItChangesTheUserForGood) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  const passwd* nobody = ::getpwnam("nobody");
  ASSERT_NE(nullptr, nobody);
  const Account account{nobody->pw_uid, nobody->pw_gid, "nobody"};
  ScriptCommand it = command("#!/bin/sh\nexec /bin/grep -E '^(Uid|Gid|Groups|CapEff):' /proc/self/status\n");
  it.account = &account;
  ASSERT_EQ(std::nullopt, start(it));
  const std::string uid = std::to_string(account.uid), gid = std::to_string(account.gid);
  EXPECT_EQ("Uid:\t" + uid + "\t" + uid + "\t" + uid + "\t" + uid + "\n" + "Gid:\t" + gid + "\t" + gid + "\t" + gid +
                "\t" + gid + "\nGroups:\t \nCapEff:\t0000000000000000\n",
            output_of(script_));
  script_.reap();
  EXPECT_EQ(0U, ::geteuid());

  it.is_interpreted = true;
  ::chmod(it.file.c_str(), 0711);
  EXPECT_EQ(StartFailure::kNotExecutable, start(it));
  ::chmod(it.file.c_str(), 0700);
  EXPECT_EQ(StartFailure::kNotExecutable, start(it));

  // The kernel reads a program. Its user need not.
  std::filesystem::copy_file("/bin/true", files_.path("program"));
  it.file = files_.path("program");
  it.is_interpreted = false;
  ::chmod(it.file.c_str(), 0711);
  ASSERT_EQ(std::nullopt, start(it));
  EXPECT_EQ(0, script_.reap());
}

TEST_F(ScriptTest, WithoutTheRightToChangeTheUserItDoesNotRun) {
  if (::geteuid() == 0) GTEST_SKIP() << "root has that right";
  const Account account{1, 1, "daemon"};
  ScriptCommand it = command("#!/bin/sh\necho ran\n");
  it.account = &account;
  EXPECT_EQ(StartFailure::kPrivileges, start(it));
}

}  // namespace
}  // namespace cgi
