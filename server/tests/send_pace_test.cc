#include "send_pace.h"

#include <gtest/gtest.h>

namespace cgi {
namespace {

using std::chrono::seconds;

const Clock::time_point kStart{};
constexpr auto kNever = Clock::time_point::max();

// When a client is given up that takes `octets` after each `wait`, and keeps us waiting all the time.
Clock::time_point end_of_patience(SendPace pace, std::size_t octets, seconds wait) {
  Clock::time_point now = kStart;
  for (int i = 0; i < 1'000'000; ++i) {
    pace.full(now);
    if (now + wait >= pace.deadline()) return pace.deadline();
    now += wait;
    pace.took(octets, now);
  }
  return kNever;
}

TEST(SendPace, HasNoDeadlineForAClientThatIsNotWaitedFor) {
  SendPace pace;
  EXPECT_EQ(kNever, pace.deadline());
  pace.took(1, kStart);
  EXPECT_EQ(kNever, pace.deadline());
  pace.full(kStart);
  EXPECT_NE(kNever, pace.deadline());
  pace.took(1, kStart + seconds(1));
  EXPECT_EQ(kNever, pace.deadline());
}

TEST(SendPace, GivesUpAClientThatTakesNothing) {
  SendPace pace(seconds(30), 1024);
  pace.took(1 << 20, kStart);  // however much it took before
  pace.full(kStart);
  pace.full(kStart + seconds(20));  // asked again in vain
  EXPECT_EQ(kStart + seconds(30), pace.deadline());
}

TEST(SendPace, GivesUpAClientThatTakesAnOctetNowAndThen) {
  const auto end = end_of_patience(SendPace(seconds(30), 1024), 1, seconds(29));
  EXPECT_LT(kStart + seconds(29), end);
  EXPECT_LT(end, kStart + seconds(31));
}

TEST(SendPace, HasPatienceInProportionToWhatWasTaken) {
  SendPace pace(seconds(30), 1024);
  pace.took(100 * 1024, kStart);
  const auto end = end_of_patience(pace, 0, seconds(29));
  EXPECT_EQ(kStart + seconds(130), end);
}

TEST(SendPace, GoesOnWithAClientThatIsSlowButSteady) {
  EXPECT_EQ(kNever, end_of_patience(SendPace(seconds(30), 1024), 1024, seconds(1)));
  EXPECT_EQ(kNever, end_of_patience(SendPace(seconds(30), 1024), 29 * 1024, seconds(29)));
}

TEST(SendPace, DoesNotCountTheTimeInWhichThereIsNothingToSend) {
  SendPace pace(seconds(30), 1024);
  pace.full(kStart);
  pace.took(0, kStart + seconds(20));
  pace.full(kStart + seconds(1000));  // a script that was silent
  EXPECT_EQ(kStart + seconds(1010), pace.deadline());
}

}  // namespace
}  // namespace cgi
