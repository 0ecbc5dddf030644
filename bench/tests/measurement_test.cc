// Tests crowds and bursts on a server in this process. bench/tests/test_cgi_bench.py tests them on a fresh server.

#include "measurement.h"

#include <gtest/gtest.h>

#include <memory>
#include <set>

#include "answering_server.h"
#include "crowd.h"

namespace cgi::bench {
namespace {

using std::chrono::milliseconds;

const Shot kShot{"GET / HTTP/1.1\r\nHost: x\r\n\r\n", &kHello, 0, false};
constexpr Nanoseconds kTimeout = std::chrono::seconds(10);

TEST(IdleCrowd, StaysOpenUntilItEnds) {
  Server server([](int) { return kAnswer; });
  IdleCrowd crowd(server.address(), kShot, 200, kTimeout);
  EXPECT_EQ("", crowd.failure());
  EXPECT_EQ(200, crowd.count_open());
}

TEST(IdleCrowd, CountsTheConnectionsThatTheServerClosed) {
  auto server = std::make_unique<Server>([](int) { return kAnswer; });
  const Address address = server->address();
  IdleCrowd crowd(address, kShot, 5, kTimeout);
  server.reset();
  EXPECT_EQ(0, crowd.count_open());
}

TEST(IdleCrowd, SaysWhichConnectionCouldNotBeOpened) {
  Server closing([](int) { return "HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nhello\n"; });
  EXPECT_EQ("connection 1 of 1 that shall be idle: the server closes it after the answer",
            IdleCrowd(closing.address(), kShot, 1, kTimeout).failure());
  Server wrong([](int) { return "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhi\n"; });
  EXPECT_NE("", IdleCrowd(wrong.address(), kShot, 1, kTimeout).failure());
  Server silent([](int) { return kNotYet; });
  EXPECT_EQ("connection 1 of 1 that shall be idle: no complete answer in time",
            IdleCrowd(silent.address(), kShot, 1, milliseconds(1)).failure());
}

TEST(OpenFiles, ThatAreTooManyAreRefusedWithTheNextStep) {
  EXPECT_EQ("", allow_open_files(16));
  const std::string why = allow_open_files(1ULL << 40);
  EXPECT_EQ(0u, why.rfind("needs 1099511627776 open files, but this machine allows ", 0)) << why;
}

// Measures a scenario with 20 idle connections and a burst of 50 requests.
struct Bench {
  explicit Bench(Answers answers) : server(std::move(answers)) {
    all = parse_scenarios(
        "[[scenario]]\nname = \"s\"\ntitle = \"t\"\npath = \"/\"\nbody = \"hello\\n\"\nclients = 2\n"
        "idle = 20\nbeside = { path = \"/slow\", body = \"hello\\n\", requests = 50 }\n",
        "x.toml");
    target.address = server.address();
  }
  Measurement measured() const {
    return measure(load_points(all).front(), all, target, {milliseconds(100), milliseconds(1500)});
  }

  Server server;
  Scenarios all;
  Target target;
};

TEST(Measurement, LastsUntilTheBurstIsAnswered) {
  const Bench bench([](int) { return kAnswer; });
  auto measured = bench.measured();
  EXPECT_EQ("", measured.problem);
  EXPECT_EQ(50u, measured.burst.latencies.count());
  EXPECT_EQ(50u, measured.burst.asked);
  EXPECT_EQ(0u, measured.load.failed + measured.load.wrong) << measured.load.first_failure;
  EXPECT_EQ(measured.load.asked, measured.load.latencies.count());
  EXPECT_FALSE(measured.cpu_per_request());
}

TEST(Measurement, CountsAFailureOfTheBurst) {
  std::set<int> silent = {20};  // the first request after those of the idle crowd, on whichever connection
  const Bench bench([&silent](int n) { return silent.count(n) > 0 ? kNotYet : kAnswer; });
  const auto measured = bench.measured();
  EXPECT_EQ("", measured.problem);
  EXPECT_EQ(1u, measured.load.failed);
  EXPECT_EQ("no complete answer in time", measured.load.first_failure);
}

TEST(Measurement, DividesTheTimeByTheRequestsOfBothKinds) {
  Measurement measured;
  measured.load.asked = 3;
  measured.burst.asked = 1;
  EXPECT_FALSE(measured.cpu_per_request());
  measured.cpu_seconds = 2e-6;
  EXPECT_DOUBLE_EQ(0.5, measured.cpu_per_request().value_or(0));
}

}  // namespace
}  // namespace cgi::bench
