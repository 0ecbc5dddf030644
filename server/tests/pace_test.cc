#include "pace.h"

#include <gtest/gtest.h>

namespace cgi {
namespace {

using std::chrono::seconds;

const Clock::time_point kStart{};
constexpr auto kNever = Clock::time_point::max();

// Returns the time at which the server gives up a client that takes `octets` after each `wait`.
Clock::time_point gives_up_at(Pace pace, std::size_t octets, seconds wait) {
  Clock::time_point now = kStart;
  for (int i = 0; i < 1'000'000; ++i) {
    pace.wait(now);
    if (now + wait >= pace.deadline()) return pace.deadline();
    now += wait;
    pace.moved(octets, now);
  }
  return kNever;
}

TEST(Pace, HasNoDeadlineWhileTheServerDoesNotWait) {
  Pace pace;
  EXPECT_FALSE(pace.is_waiting());
  EXPECT_EQ(kNever, pace.deadline());
  pace.moved(1, kStart);
  EXPECT_EQ(kNever, pace.deadline());
  pace.wait(kStart);
  EXPECT_TRUE(pace.is_waiting());
  EXPECT_NE(kNever, pace.deadline());
  pace.moved(1, kStart + seconds(1));
  EXPECT_FALSE(pace.is_waiting());
  EXPECT_EQ(kNever, pace.deadline());
}

TEST(Pace, EndsForAClientThatTakesNothing) {
  Pace pace(seconds(30), 1024);
  pace.moved(1 << 20, kStart);  // earlier octets do not count
  pace.wait(kStart);
  pace.wait(kStart + seconds(20));  // the socket is still full
  EXPECT_EQ(kStart + seconds(30), pace.deadline());
}

TEST(Pace, EndsForAClientThatTakesAnOctetFromTimeToTime) {
  const auto end = gives_up_at(Pace(seconds(30), 1024), 1, seconds(29));
  EXPECT_LT(kStart + seconds(29), end);
  EXPECT_LT(end, kStart + seconds(31));
}

TEST(Pace, AllowsTimeInProportionToTheOctetsTaken) {
  Pace pace(seconds(30), 1024);
  pace.moved(100 * 1024, kStart);
  const auto end = gives_up_at(pace, 0, seconds(29));
  EXPECT_EQ(kStart + seconds(130), end);
}

TEST(Pace, HasNoEndForAClientThatIsSlowButSteady) {
  EXPECT_EQ(kNever, gives_up_at(Pace(seconds(30), 1024), 1024, seconds(1)));
  EXPECT_EQ(kNever, gives_up_at(Pace(seconds(30), 1024), 29 * 1024, seconds(29)));
}

TEST(Pace, NeedsNoTimeForOctetsThatMoveWithoutAWait) {
  Pace pace(seconds(30), 1024);
  pace.moved(1024, Clock::time_point());  // the server does not look at the clock then
  pace.wait(kStart + seconds(1000));
  EXPECT_EQ(kStart + seconds(1030), pace.deadline());
}

TEST(Pace, AllowsNoNegativeTime) {
  Pace pace(seconds(30), 1024);
  pace.wait(kStart);
  pace.moved(0, kStart + seconds(100));  // the server was late to look
  pace.wait(kStart + seconds(200));
  EXPECT_EQ(kStart + seconds(200), pace.deadline());
}

TEST(Pace, DoesNotCountTheTimeWithoutOctetsToSend) {
  Pace pace(seconds(30), 1024);
  pace.wait(kStart);
  pace.moved(0, kStart + seconds(20));
  pace.wait(kStart + seconds(1000));  // the script printed nothing until then
  EXPECT_EQ(kStart + seconds(1010), pace.deadline());
}

}  // namespace
}  // namespace cgi
