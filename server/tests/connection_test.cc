#include "connection.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <thread>
#include <utility>

#include "scratch_directory.h"
#include "socket_pair.h"

namespace cgi {
namespace {

using std::chrono::milliseconds;

// A connection and the client's end of it.
struct Pair {
  explicit Pair(Pace pace = Pace()) : Pair(SocketPair(), pace) {}
  Connection server;
  UniqueFd client;

 private:
  Pair(SocketPair sockets, Pace pace) : server(std::move(sockets.server), pace), client(std::move(sockets.client)) {}
};

// Takes a block every few milliseconds until no more octets come.
std::size_t take_slowly(UniqueFd& client) {
  std::string block(16 * 1024, '\0');
  std::size_t taken = 0;
  for (ssize_t count; (count = ::read(client.get(), block.data(), block.size())) > 0;) {
    taken += static_cast<std::size_t>(count);
    std::this_thread::sleep_for(milliseconds(5));
  }
  return taken;
}

constexpr std::size_t kLong = 16 * 1024 * 1024;  // a slow client needs five seconds and more for it
const Pace kHurry(milliseconds(200), 1e12);

TEST(Connection, GivesUpSendingToAClientThatIsTooSlow) {
  Pair pair(kHurry);
  std::size_t taken = 0;
  std::thread client([&] { taken = take_slowly(pair.client); });
  EXPECT_FALSE(pair.server.send_all(std::string(kLong, 'x')));
  ::shutdown(pair.server.socket(), SHUT_RDWR);
  client.join();
  EXPECT_LT(0U, taken);
  EXPECT_LT(taken, kLong);
}

TEST(Connection, GivesUpSendingAFileToAClientThatIsTooSlow) {
  ScratchDirectory files;
  files.write("short", std::string(3 * 1024 * 1024, 'x'));
  files.write("long", std::string(kLong, 'x'));
  for (const char* name : {"short", "long"}) {
    Pair pair(Pace(milliseconds(100), 1e12));
    UniqueFd file(::open(files.path(name).c_str(), O_RDONLY | O_CLOEXEC));
    const off_t length = ::lseek(file.get(), 0, SEEK_END);
    std::thread client([&] { take_slowly(pair.client); });
    EXPECT_FALSE(pair.server.send_file(file.get(), length)) << name;
    ::shutdown(pair.server.socket(), SHUT_RDWR);
    client.join();
  }
}

TEST(Connection, SendsEverythingToAClientThatIsFastEnough) {
  Pair pair(Pace(std::chrono::seconds(30), 1));
  constexpr std::size_t kSome = 1024 * 1024;
  std::size_t taken = 0;
  std::thread client([&] { taken = take_slowly(pair.client); });
  EXPECT_TRUE(pair.server.send_all(std::string(kSome, 'x')));
  ::shutdown(pair.server.socket(), SHUT_RDWR);
  client.join();
  EXPECT_EQ(kSome, taken);
}

}  // namespace
}  // namespace cgi
