#include "admission.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <cstddef>
#include <memory>
#include <utility>

#include "at_end.h"
#include "socket_pair.h"

namespace cgi {
namespace {

constexpr auto kNever = Clock::time_point::max();

// Two loops that do not run: this thread is the thread of both.
class AdmissionTest : public testing::Test {
 protected:
  AdmissionTest() {
    for (int i = 0; i < 2; ++i) {
      loops_.push_back(std::make_unique<EventLoop>(workers_, [](EventLoop&, UniqueFd, Peer) {}));
    }
  }
  EventLoop& first() { return *loops_[0]; }
  EventLoop& second() { return *loops_[1]; }

  Workers workers_;
  Admission::Loops loops_;
};

Served quiet(EventLoop& loop, UniqueFd socket) {
  Client client(loop, std::move(socket));
  co_await client.input(kNever);
}

TEST_F(AdmissionTest, ServesSoMany) {
  Admission admission(loops_, 2, 0);
  EXPECT_EQ(admission.enter(first(), "192.0.2.1"), Entry::kServed);
  EXPECT_EQ(admission.enter(second(), "192.0.2.1"), Entry::kServed);
  EXPECT_EQ(admission.enter(first(), "192.0.2.2"), Entry::kRefused);
  admission.leave(Entry::kServed, "192.0.2.1");
  EXPECT_EQ(admission.enter(first(), "192.0.2.2"), Entry::kServed);
}

TEST_F(AdmissionTest, AnEndOfARefusedOneMakesNoRoom) {
  Admission admission(loops_, 1, 0);
  ASSERT_EQ(admission.enter(first(), "192.0.2.1"), Entry::kServed);
  ASSERT_EQ(admission.enter(first(), "192.0.2.1"), Entry::kRefused);
  admission.leave(Entry::kRefused, "192.0.2.1");
  EXPECT_EQ(admission.enter(first(), "192.0.2.1"), Entry::kRefused);
}

TEST_F(AdmissionTest, RefusesSoManyAndClosesTheOthers) {
  Admission admission(loops_, 0, 0);
  for (int i = 0; i < 64; ++i) ASSERT_EQ(admission.enter(first(), "192.0.2.1"), Entry::kRefused) << i;
  EXPECT_EQ(admission.enter(second(), "192.0.2.1"), Entry::kClosed);
  admission.leave(Entry::kRefused, "192.0.2.1");
  EXPECT_EQ(admission.enter(second(), "192.0.2.1"), Entry::kRefused);
}

TEST_F(AdmissionTest, LimitsEachAddressByItself) {
  Admission admission(loops_, 9, 1);
  EXPECT_EQ(admission.enter(first(), "192.0.2.1"), Entry::kServed);
  EXPECT_EQ(admission.enter(second(), "192.0.2.1"), Entry::kRefused);
  EXPECT_EQ(admission.enter(second(), "192.0.2.2"), Entry::kServed);
  admission.leave(Entry::kServed, "192.0.2.1");
  EXPECT_EQ(admission.enter(second(), "192.0.2.1"), Entry::kServed);
}

TEST_F(AdmissionTest, TheLoopWithHardlyMoreKeepsTheConnection) {
  const Admission admission(loops_, 9, 0);
  SocketPair clients[2];
  EXPECT_EQ(&admission.loop_with_fewest(first()), &first());
  quiet(first(), std::move(clients[0].server));
  EXPECT_EQ(&admission.loop_with_fewest(first()), &first());
  quiet(first(), std::move(clients[1].server));
  EXPECT_EQ(&admission.loop_with_fewest(first()), &second());
  while (first().close_oldest()) {
  }
}

TEST_F(AdmissionTest, AQuietConnectionGivesWay) {
  Admission admission(loops_, 1, 0);
  SocketPair client;
  ASSERT_EQ(admission.enter(first(), "192.0.2.1"), Entry::kServed);
  const auto serve = [&](EventLoop& loop, UniqueFd socket) -> Served {
    const AtEnd at_end([&] { admission.leave(Entry::kServed, "192.0.2.1"); });
    Client quiet(loop, std::move(socket));
    co_await quiet.input(kNever);
  };
  serve(first(), std::move(client.server));
  EXPECT_EQ(admission.enter(first(), "192.0.2.2"), Entry::kServed);
  char octet;
  EXPECT_EQ(::recv(client.client.get(), &octet, 1, 0), 0);
  EXPECT_EQ(admission.enter(first(), "192.0.2.3"), Entry::kRefused);
}

}  // namespace
}  // namespace cgi
