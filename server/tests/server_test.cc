#include <cgi_server/cgi_server.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <thread>

#include "no_threads.h"

namespace cgi {
namespace {

TEST(Server, EndsIfAnotherThreadShutsItDown) {
  for (const bool waits_for_signal : {false, true}) {
    Server server;
    server.port = 0;
    ASSERT_GT(server.listen(), 0);
    std::thread serving([&] { EXPECT_TRUE(waits_for_signal ? server.serve_until_signal() : server.serve_forever()); });
    server.shutdown();
    serving.join();
  }
}

// rule: resource/port-is-free-after-the-end
TEST(Server, FreesItsPort) {
  Server first;
  first.port = 0;
  const int port = first.listen();
  first.shutdown();
  ASSERT_TRUE(first.serve_forever());
  Server second;
  second.port = port;
  second.log_file = "/no/such/folder/log";
  EXPECT_THROW(second.listen(), std::runtime_error);
  second.log_file.clear();
  EXPECT_EQ(port, second.listen());
}

TEST(Server, SaysThatTheSystemHasNoThreadsForItsLoops) {
  if (!NoThreads::kWorks) GTEST_SKIP() << "needs glibc";
  Server server;
  server.port = 0;
  server.loops = 2;
  server.listen();
  const NoThreads shortage;
  try {
    server.serve_forever();
    FAIL() << "it serves";
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ("no threads for 2 loops: Resource temporarily unavailable (try: --loops 1)", error.what());
  }
}

TEST(Server, SpeaksHttp11InProfileRfc3875) {
  Server server;
  server.port = 0;
  server.profile = Profile::kRfc3875;
  server.listen();
  EXPECT_EQ("HTTP/1.1", server.protocol);
}

TEST(Server, RefusesSettingsThatCannotBe) {
  for (const char* path : {"cgi-bin", "/cgi-bin/", ""}) {
    Server server;
    server.cgi_directories = {path};
    EXPECT_THROW(server.listen(), std::invalid_argument) << path;
  }
  Server server;
  server.directory = "/no/such/folder";
  EXPECT_THROW(server.listen(), std::runtime_error);
}

TEST(Server, ShutsDownNothingBeforeItListens) {
  Server server;
  server.shutdown();
}

}  // namespace
}  // namespace cgi
