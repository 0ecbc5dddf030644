#include "send_pace.h"

#include <gtest/gtest.h>

namespace cgi {
namespace {

using std::chrono::seconds;

const Clock::time_point kStart{};
constexpr auto kNever = Clock::time_point::max();

// Returns the time at which the server gives up a client that takes `octets` after each `wait`.
Clock::time_point gives_up_at(SendPace pace, std::size_t octets, seconds wait) {
  Clock::time_point now = kStart;
  for (int i = 0; i < 1'000'000; ++i) {
    pace.full(now);
    if (now + wait >= pace.deadline()) return pace.deadline();
    now += wait;
    pace.took(octets, now);
  }
  return kNever;
}

TEST(SendPace, HasNoDeadlineWhileTheServerDoesNotWait) {
  SendPace pace;
  EXPECT_EQ(kNever, pace.deadline());
  pace.took(1, kStart);
  EXPECT_EQ(kNever, pace.deadline());
  pace.full(kStart);
  EXPECT_NE(kNever, pace.deadline());
  pace.took(1, kStart + seconds(1));
  EXPECT_EQ(kNever, pace.deadline());
}

TEST(SendPace, EndsForAClientThatTakesNothing) {
  SendPace pace(seconds(30), 1024);
  pace.took(1 << 20, kStart);  // earlier octets do not count
  pace.full(kStart);
  pace.full(kStart + seconds(20));  // the socket is still full
  EXPECT_EQ(kStart + seconds(30), pace.deadline());
}

TEST(SendPace, EndsForAClientThatTakesAnOctetFromTimeToTime) {
  const auto end = gives_up_at(SendPace(seconds(30), 1024), 1, seconds(29));
  EXPECT_LT(kStart + seconds(29), end);
  EXPECT_LT(end, kStart + seconds(31));
}

TEST(SendPace, AllowsTimeInProportionToTheOctetsTaken) {
  SendPace pace(seconds(30), 1024);
  pace.took(100 * 1024, kStart);
  const auto end = gives_up_at(pace, 0, seconds(29));
  EXPECT_EQ(kStart + seconds(130), end);
}

TEST(SendPace, HasNoEndForAClientThatIsSlowButSteady) {
  EXPECT_EQ(kNever, gives_up_at(SendPace(seconds(30), 1024), 1024, seconds(1)));
  EXPECT_EQ(kNever, gives_up_at(SendPace(seconds(30), 1024), 29 * 1024, seconds(29)));
}

TEST(SendPace, DoesNotCountTheTimeWithoutOctetsToSend) {
  SendPace pace(seconds(30), 1024);
  pace.full(kStart);
  pace.took(0, kStart + seconds(20));
  pace.full(kStart + seconds(1000));  // the script printed nothing until then
  EXPECT_EQ(kStart + seconds(1010), pace.deadline());
}

}  // namespace
}  // namespace cgi
