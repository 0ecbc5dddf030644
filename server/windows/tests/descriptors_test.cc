#include "descriptors.h"

#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <string>
#include <utility>

#include "job.h"
#include "pipe.h"
#include "unique_fd.h"
#include "wide.h"

namespace cgi {
namespace {

constexpr int kPatience = 20'000;  // milliseconds, for what takes a moment

class SocketPair : public ::testing::Test {
 protected:
  SocketPair() {
    std::array<int, 2> ends{};
    if (::pipe(ends.data()) != 0) throw std::runtime_error("no sockets");
    ours_.reset(ends[0]);
    theirs_.reset(ends[1]);
    for (const int end : ends) ::fcntl(static_cast<SOCKET>(end), F_SETFL, O_NONBLOCK);
  }
  // Returns the events of the socket beside a pipe, so that both kinds are waited for.
  short polled(short events, int wait) const {
    UniqueHandle other;
    const UniqueFd pipe(descriptor_of_pipe(PipeEnd::make(false, other)));
    std::array<PollEntry, 3> entries = {{{ours_.get(), events, 0}, {pipe.get(), POLLIN, 0}, {-1, POLLIN, 0}}};
    const int count = ::poll(entries.data(), entries.size(), wait);
    EXPECT_EQ(entries[0].revents != 0 ? 1 : 0, count);
    return entries[0].revents;
  }

  UniqueFd ours_, theirs_;
};

TEST_F(SocketPair, MovesOctets) {
  std::array<char, 8> octets{};
  EXPECT_EQ(-1, ::recv(ours_.get(), octets.data(), octets.size(), 0));
  EXPECT_EQ(EAGAIN, errno);
  EXPECT_EQ(0, polled(POLLIN, 0));
  EXPECT_EQ(3, ::send(theirs_.get(), "abc", std::size_t{3}, 0));
  EXPECT_NE(0, polled(POLLIN, kPatience) & POLLIN);  // one of its bits, or both
  EXPECT_EQ(3, ::read(ours_.get(), octets.data(), octets.size()));
  EXPECT_EQ("abc", std::string(octets.data()));
  EXPECT_EQ(POLLOUT, polled(POLLOUT, kPatience) & POLLOUT);
}

TEST_F(SocketPair, TellsThatTheOtherSideHasEnded) {
  ::shutdown(theirs_.get(), SHUT_WR);
  EXPECT_EQ(POLLIN, polled(POLLIN, kPatience) & (POLLIN | POLLHUP | POLLERR));
  char octet;
  EXPECT_EQ(0, ::read(ours_.get(), &octet, std::size_t{1}));
  // That is no event for a caller that does not want to read: the wait lasts.
  const auto before = std::chrono::steady_clock::now();
  EXPECT_EQ(0, polled(0, 300));
  EXPECT_LE(std::chrono::milliseconds(290), std::chrono::steady_clock::now() - before);
}

TEST_F(SocketPair, TellsThatTheConnectionIsBroken) {
  const linger at_once{1, 0};
  const auto theirs = static_cast<SOCKET>(theirs_.get() & 0xffffff);
  ::setsockopt(theirs, SOL_SOCKET, SO_LINGER, reinterpret_cast<const char*>(&at_once),
               static_cast<int>(sizeof at_once));
  theirs_.reset();
  EXPECT_NE(0, polled(0, kPatience) & (POLLHUP | POLLERR));
}

TEST(Pipes, GiveWhatAProcessPrints) {
  std::array<wchar_t, 4096> own{};
  ::GetModuleFileNameW(nullptr, own.data(), own.size());
  std::string program = narrow(own.data());
  program = program.substr(0, program.find_last_of("\\/") + 1) + "child.exe";
  Job job;
  JobCommand command{program, "child cat", "", {std::string("SystemRoot=") + std::getenv("SystemRoot")}};
  ASSERT_EQ(0u, job.start(command));
  UniqueFd input(descriptor_of_pipe(std::move(job.input()))), output(descriptor_of_pipe(std::move(job.output())));
  const std::string sent(300'000, 'x');
  std::size_t written = 0, count = 0;
  std::array<char, 1000> block;
  for (bool over = false; !over;) {
    const bool writes = written < sent.size();
    if (!writes) input.reset();  // although a part of it may be on its way
    std::array<PollEntry, 2> entries = {{{writes ? input.get() : -1, POLLOUT, 0}, {output.get(), POLLIN, 0}}};
    ASSERT_LT(0, ::poll(entries.data(), entries.size(), kPatience));
    if (entries[0].revents != 0) {
      const ssize_t now = ::write(input.get(), sent.data() + written, sent.size() - written);
      ASSERT_LT(0, now);
      written += static_cast<std::size_t>(now);
    }
    if (entries[1].revents == 0) continue;
    const ssize_t now = ::read(output.get(), block.data(), block.size());
    over = now == 0;
    if (now > 0) count += static_cast<std::size_t>(now);
    if (now < 0) {
      ASSERT_EQ(EAGAIN, errno);
    }
  }
  EXPECT_EQ(sent.size(), count);
  PollEntry ended{descriptor_of_process(job.process()), POLLIN, 0};
  EXPECT_EQ(1, ::poll(&ended, 1, kPatience));
}

TEST(Pipes, BreakWithTheOtherEnd) {
  UniqueHandle other;
  UniqueFd pipe(descriptor_of_pipe(PipeEnd::make(true, other)));
  EXPECT_EQ(1, ::write(pipe.get(), "a", std::size_t{1}));
  other.reset();
  EXPECT_EQ(-1, ::write(pipe.get(), "a", std::size_t{1}));
  EXPECT_EQ(EPIPE, errno);
}

TEST(Pipes, TellHowMuchTheyHold) {
  UniqueHandle other;
  UniqueFd pipe(descriptor_of_pipe(PipeEnd::make(false, other)));
  int there = -1;
  EXPECT_EQ(0, ::ioctl(pipe.get(), static_cast<long>(FIONREAD), &there));
  EXPECT_EQ(0, there);
  DWORD count = 0;
  ::WriteFile(other.get(), "abc", 3, &count, nullptr);
  EXPECT_EQ(0, ::ioctl(pipe.get(), static_cast<long>(FIONREAD), &there));
  EXPECT_EQ(3, there);
  ::WriteFile(other.get(), "de", 2, &count, nullptr);
  EXPECT_EQ(0, ::ioctl(pipe.get(), static_cast<long>(FIONREAD), &there));
  EXPECT_EQ(5, there);
}

TEST(Files, AreReadAtAPlace) {
  std::array<wchar_t, MAX_PATH + 1> folder{};
  ::GetTempPathW(folder.size(), folder.data());
  std::string path = narrow(folder.data()) + "caf\xc3\xa9.XXXXXX";
  struct stat status;
  {
    const UniqueFd file(::mkostemp(path.data(), 0));
    ASSERT_TRUE(file);
    EXPECT_TRUE(write_all(file.get(), "one\ntwo\n"));
    std::array<char, 3> octets{};
    EXPECT_EQ(3, ::pread(file.get(), octets.data(), octets.size(), 4));
    EXPECT_EQ("two", std::string(octets.data(), 3));
    EXPECT_EQ(0, ::pread(file.get(), octets.data(), octets.size(), 8));
    ASSERT_EQ(0, ::fstat(file.get(), &status));
    EXPECT_TRUE(S_ISREG(status.st_mode));
    EXPECT_EQ(8, status.st_size);
    EXPECT_GT(600, std::abs(status.st_mtime - std::time(nullptr)));
  }
  ASSERT_EQ(0, ::stat(narrow(folder.data()).c_str(), &status));
  EXPECT_TRUE(S_ISDIR(status.st_mode));
}

}  // namespace
}  // namespace cgi
