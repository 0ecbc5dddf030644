#include "waiting.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>
#include <thread>
#include <vector>

#include "scratch_directory.h"
#include "socket_pair.h"

namespace cgi {
namespace {

constexpr int kLong = 20'000;  // milliseconds: each wait ends much sooner, unless it never ends

// A socket that a Waiter watches, and the other end of its connection.
struct Watching {
  SocketPair sockets;
  Watched socket{sockets.server.get()};

  void send() const { ::send(sockets.client.get(), "x", 1, 0); }
};

class WaiterTest : public ::testing::Test {
 protected:
  // Returns the sockets that one wait tells of.
  std::vector<Watched*> told(int milliseconds = 0) {
    std::vector<Watched*> sockets;
    waiter_.wait(milliseconds, [&](Watched& socket) { sockets.push_back(&socket); });
    return sockets;
  }

  Waiter waiter_;
  using Told = std::vector<Watched*>;
};

TEST_F(WaiterTest, TellsOfInputOnceUntilTheSocketIsWatchedAgain) {
  Watching one;
  ASSERT_TRUE(waiter_.watch(one.socket, Waiter::For::kReadable));
  EXPECT_EQ(Told{}, told());
  one.send();
  EXPECT_EQ(Told{&one.socket}, told(kLong));
  EXPECT_EQ(Told{}, told());  // also if nobody reads it
  ASSERT_TRUE(waiter_.watch(one.socket, Waiter::For::kReadable));
  one.send();
  EXPECT_EQ(Told{&one.socket}, told(kLong));
}

TEST_F(WaiterTest, TellsOfInputThatIsThereIfTheSocketIsForgottenAndWatched) {
  Watching one;
  ASSERT_TRUE(waiter_.watch(one.socket, Waiter::For::kReadable));
  one.send();
  EXPECT_EQ(Told{&one.socket}, told(kLong));
  waiter_.forget(one.socket);
  EXPECT_EQ(Told{}, told());
  ASSERT_TRUE(waiter_.watch(one.socket, Waiter::For::kReadable));
  EXPECT_EQ(Told{&one.socket}, told(kLong));
}

TEST_F(WaiterTest, TellsOfRoom) {
  Watching one;
  while (::send(one.socket.fd, "0123456789", 10, 0) > 0) {
  }
  ASSERT_TRUE(waiter_.watch(one.socket, Waiter::For::kWritable));
  EXPECT_EQ(Told{}, told());
  std::array<char, 64 * 1024> block;
  while (::recv(one.sockets.client.get(), block.data(), block.size(), MSG_DONTWAIT) > 0) {
  }
  EXPECT_EQ(Told{&one.socket}, told(kLong));
}

TEST_F(WaiterTest, TellsOfAnEnd) {
  Watching one;
  ASSERT_TRUE(waiter_.watch(one.socket, Waiter::For::kReadable));
  one.sockets.client.reset();
  EXPECT_EQ(Told{&one.socket}, told(kLong));
  EXPECT_TRUE(one.socket.has_ended);
}

TEST_F(WaiterTest, TellsOfEachSocketWhileTheConnectionsEnd) {
  std::vector<Watching> all(150);  // more than a system may tell of in one wait
  for (Watching& each : all) {
    ASSERT_TRUE(waiter_.watch(each.socket, Waiter::For::kReadable));
    each.send();
  }
  for (int waits = 0; waits < 2; ++waits) {
    waiter_.wait(0, [&](Watched& socket) { waiter_.forget(socket); });
  }
  for (const Watching& each : all) EXPECT_EQ(0U, each.socket.state);
}

TEST_F(WaiterTest, ForgetsInAnyOrder) {
  std::vector<Watching> all(4);
  for (Watching& each : all) ASSERT_TRUE(waiter_.watch(each.socket, Waiter::For::kReadable));
  for (const std::size_t gone : {0U, 3U}) waiter_.forget(all[gone].socket);
  for (Watching& each : all) each.send();
  Told two = told(kLong);
  EXPECT_EQ(2U, two.size());
  for (const Watched* socket : two) EXPECT_TRUE(socket == &all[1].socket || socket == &all[2].socket);
}

TEST_F(WaiterTest, WakesBeforeAndInAWait) {
  waiter_.wake();
  EXPECT_EQ(Told{}, told(kLong));
  std::thread other([&] { waiter_.wake(); });
  EXPECT_EQ(Told{}, told(kLong));
  other.join();
}

TEST_F(WaiterTest, TellsOfClientsUntilTheyAreAccepted) {
  const UniqueFd socket(::socket(AF_INET, SOCK_STREAM, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  auto* const bound = reinterpret_cast<sockaddr*>(&address);
  ASSERT_EQ(0, ::bind(socket.get(), bound, length));
  ASSERT_EQ(0, ::listen(socket.get(), 8));
  ASSERT_EQ(0, ::getsockname(socket.get(), bound, &length));
  ASSERT_EQ(0, ::fcntl(socket.get(), F_SETFL, O_NONBLOCK));
  Watched listener{socket.get()};
  ASSERT_TRUE(waiter_.watch(listener, Waiter::For::kAcceptable));

  const UniqueFd client(::socket(AF_INET, SOCK_STREAM, 0));
  ASSERT_EQ(0, ::connect(client.get(), bound, length));
  for (int times = 0; times < 2; ++times) {
    EXPECT_EQ(Told{&listener}, told(kLong));
    ASSERT_TRUE(waiter_.watch(listener, Waiter::For::kAcceptable));
  }
  sockaddr_storage peer{};
  const UniqueFd accepted = accept_client(socket.get(), peer);
  ASSERT_TRUE(accepted);
  EXPECT_EQ(AF_INET, peer.ss_family);
  EXPECT_NE(0, ::fcntl(accepted.get(), F_GETFL) & O_NONBLOCK);
  EXPECT_NE(0, ::fcntl(accepted.get(), F_GETFD) & FD_CLOEXEC);
  EXPECT_EQ(Told{}, told());
  EXPECT_FALSE(accept_client(socket.get(), peer));
  EXPECT_EQ(EAGAIN, errno);
}

TEST(SendFromFile, MovesItsPlaceToTheEndOfTheFile) {
  ScratchDirectory files;
  files.write("file", "0123456789");
  const UniqueFd file(::open(files.path("file").c_str(), O_RDONLY | O_CLOEXEC));
  SocketPair sockets;
  off_t at = 2;
  EXPECT_EQ(3, send_from_file(sockets.server.get(), file.get(), at, 3));
  EXPECT_EQ(5, at);
  EXPECT_EQ(5, send_from_file(sockets.server.get(), file.get(), at, 100));
  EXPECT_EQ(0, send_from_file(sockets.server.get(), file.get(), at, 100));
  std::array<char, 16> got{};
  EXPECT_EQ(8, ::read(sockets.client.get(), got.data(), got.size()));
  EXPECT_STREQ("23456789", got.data());
  sockets.client.reset();
  at = 0;
  EXPECT_EQ(-1, send_from_file(sockets.server.get(), file.get(), at, 100));
  EXPECT_EQ(EPIPE, errno);
  EXPECT_EQ(0, at);
}

// Returns the answer of `half_close` after at most `milliseconds`.
bool has_happened(const HalfClose& half_close, int milliseconds) {
  pollfd entry = half_close.entry();
  ::poll(&entry, 1, milliseconds);
  return half_close.happened(entry.revents);
}

TEST(HalfClose, TellsOfAnEndBehindOctetsThatNobodyReads) {
  const Watching one;
  const HalfClose half_close(one.socket.fd);
  if (half_close.entry().fd < 0) GTEST_SKIP() << "the system tells nothing: the server reads ahead";
  EXPECT_FALSE(has_happened(half_close, 0));
  one.send();
  EXPECT_FALSE(has_happened(half_close, 0));
  one.send();
  EXPECT_FALSE(has_happened(half_close, 0));
  ::shutdown(one.sockets.client.get(), SHUT_WR);
  EXPECT_TRUE(has_happened(half_close, kLong));
}

}  // namespace
}  // namespace cgi
