#include "log_writer.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "unique_fd.h"

namespace cgi {
namespace {

constexpr std::size_t kMuch = 1024 * 1024;

std::string lost(std::size_t count) { return "lost " + std::to_string(count) + "\n"; }

class LogWriterTest : public ::testing::Test {
 protected:
  LogWriterTest() {
    ::signal(SIGPIPE, SIG_IGN);
    int ends[2];
    if (::pipe(ends) != 0) throw std::system_error(errno, std::generic_category(), "pipe");
    reader_.reset(ends[0]);
    log_.reset(ends[1]);
  }

  // Fills the pipe. Returns the number of octets in it.
  std::size_t fill_pipe() {
    ::fcntl(log_.get(), F_SETFL, O_WRONLY | O_NONBLOCK);
    const std::string page(4096, '.');
    std::size_t count = 0;
    for (ssize_t written; (written = ::write(log_.get(), page.data(), page.size())) > 0;) {
      count += static_cast<std::size_t>(written);
    }
    ::fcntl(log_.get(), F_SETFL, O_WRONLY);
    return count;
  }

  // Returns the next line of the log, without its LF.
  std::string next_line() {
    for (std::size_t end; (end = text_.find('\n')) == text_.npos;) {
      std::array<char, 4096> block;
      const ssize_t count = ::read(reader_.get(), block.data(), block.size());
      if (count <= 0) return "end of the log";
      text_.append(block.data(), static_cast<std::size_t>(count));
    }
    const std::string line = text_.substr(0, text_.find('\n'));
    text_.erase(0, line.size() + 1);
    return line;
  }

  UniqueFd reader_;
  UniqueFd log_;
  std::string text_;
};

TEST_F(LogWriterTest, WritesTheLinesOfEachThreadInTheirOrder) {
  constexpr int kThreads = 8, kLines = 2000;
  LogWriter writer(log_.get(), kMuch, lost);
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&writer, i] {
      for (int j = 0; j < kLines; ++j) writer.add(std::to_string(i) + " " + std::to_string(j) + "\n");
    });
  }
  std::map<int, int> next;
  for (int count = 0; count < kThreads * kLines; ++count) {
    std::istringstream line(next_line());
    int thread = -1, number = -1;
    line >> thread >> number;
    ASSERT_EQ(next[thread]++, number) << line.str();
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(kThreads, static_cast<int>(next.size()));
}

TEST_F(LogWriterTest, DropsAndCountsLinesIfNobodyReads) {
  constexpr std::size_t kLines = 1000, kLimit = 10'000;
  const std::size_t before = fill_pipe();
  LogWriter writer(log_.get(), kLimit, lost);
  const std::string line(99, 'x');
  for (std::size_t i = 0; i < kLines; ++i) writer.add(line + "\n");  // returns, although the pipe is full

  for (std::size_t left = before; left > 0;) {
    std::array<char, 4096> block;
    const ssize_t count = ::read(reader_.get(), block.data(), std::min(left, block.size()));
    ASSERT_LT(0, count);
    left -= static_cast<std::size_t>(count);
  }
  std::size_t written = 0;
  std::string read = next_line();
  for (; read == line; read = next_line()) ++written;
  EXPECT_LE(kLimit / 100, written);
  EXPECT_GE(2 * kLimit / 100, written);  // some wait in the queue, and some in the hands of the thread
  EXPECT_EQ("lost " + std::to_string(kLines - written), read);

  writer.add("later\n");
  EXPECT_EQ("later", next_line());  // the lost lines are counted once
}

TEST_F(LogWriterTest, EndsAlthoughNobodyReads) {
  const std::size_t before = fill_pipe();
  {
    LogWriter writer(log_.get(), kMuch, lost);
    writer.add("first\n");
  }
  // The thread writes on. After its last line it does not use the pipe any more.
  EXPECT_EQ(std::string(before, '.') + "first", next_line());
}

TEST_F(LogWriterTest, LosesNothingAtItsEnd) {
  constexpr int kLines = 5000;
  std::thread reader;
  {
    LogWriter writer(log_.get(), kMuch, lost);
    reader = std::thread([this] {
      for (int i = 0; i < kLines; ++i) ASSERT_EQ("line " + std::to_string(i), next_line());
    });
    for (int i = 0; i < kLines; ++i) writer.add("line " + std::to_string(i) + "\n");
  }
  // All is in the pipe now.
  log_.reset();
  reader.join();
  EXPECT_EQ("end of the log", next_line());
}

TEST_F(LogWriterTest, WaitsForRoomInANonBlockingPipe) {
  std::size_t filled = fill_pipe();
  ::fcntl(log_.get(), F_SETFL, O_WRONLY | O_NONBLOCK);
  LogWriter writer(log_.get(), kMuch, lost);
  writer.add("kept\n");
  std::array<char, 4096> page;
  while (filled > 0) filled -= static_cast<std::size_t>(::read(reader_.get(), page.data(), page.size()));
  EXPECT_EQ("kept", next_line());
}

TEST_F(LogWriterTest, CountsLostLinesAtItsEnd) {
  const std::size_t before = fill_pipe();
  std::optional<LogWriter> writer(std::in_place, log_.get(), 12, lost);
  for (int i = 0; i < 100; ++i) writer->add("five5\n");
  std::thread reader([this, before] {
    EXPECT_EQ(std::string(before, '.') + "five5", next_line());
    std::string line;
    std::size_t written = 1;
    while ((line = next_line()) == "five5") ++written;
    EXPECT_EQ("lost " + std::to_string(100 - written), line);
  });
  writer.reset();
  log_.reset();
  reader.join();
}

TEST_F(LogWriterTest, GoesOnIfTheReaderLeaves) {
  LogWriter writer(log_.get(), kMuch, lost);
  writer.add("first\n");
  EXPECT_EQ("first", next_line());
  reader_.reset();
  for (int i = 0; i < 1000; ++i) writer.add("nobody reads this\n");
  writer.end();  // returns
  writer.end();
}

}  // namespace
}  // namespace cgi
