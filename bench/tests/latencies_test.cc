#include "latencies.h"

#include <gtest/gtest.h>

namespace cgi::bench {
namespace {

Latencies up_to(int count) {
  Latencies latencies;
  for (int i = count; i >= 1; --i) latencies.add(Nanoseconds(i));  // the order must not matter
  return latencies;
}

TEST(Latencies, HavePercentilesOfNearestRank) {
  auto hundred = up_to(100);
  EXPECT_EQ(Nanoseconds(50), hundred.percentile(50));
  EXPECT_EQ(Nanoseconds(99), hundred.percentile(99));
  EXPECT_EQ(Nanoseconds(100), hundred.percentile(99.9));
  EXPECT_EQ(Nanoseconds(100), hundred.percentile(100));
  EXPECT_EQ(Nanoseconds(1), hundred.percentile(0));
  auto thousand = up_to(1000);
  EXPECT_EQ(Nanoseconds(999), thousand.percentile(99.9));
  auto three = up_to(3);
  EXPECT_EQ(Nanoseconds(2), three.percentile(50));
}

TEST(Latencies, ShowOneSlowAnswerInTheTailOnly) {
  Latencies latencies;
  for (int i = 0; i < 99; ++i) latencies.add(Nanoseconds(10));
  latencies.add(Nanoseconds(1'000'000));
  EXPECT_EQ(Nanoseconds(10), latencies.percentile(50));
  EXPECT_EQ(Nanoseconds(10), latencies.percentile(99));
  EXPECT_EQ(Nanoseconds(1'000'000), latencies.percentile(100));
}

TEST(Latencies, HaveAPercentileOfZeroIfThereAreNone) { EXPECT_EQ(Nanoseconds::zero(), Latencies().percentile(99)); }

TEST(Latencies, ResolveAPercentileOnlyWithALatencyAboveIt) {
  EXPECT_FALSE(up_to(999).resolves(99.9));
  EXPECT_TRUE(up_to(1000).resolves(99.9));
  EXPECT_FALSE(up_to(99).resolves(99));
  EXPECT_TRUE(up_to(100).resolves(99));
  EXPECT_TRUE(up_to(2).resolves(50));
  EXPECT_FALSE(up_to(0).resolves(50));
}

}  // namespace
}  // namespace cgi::bench
