#include <cgi_server/cgi_server.h>
#include <gtest/gtest.h>

#include <functional>
#include <stdexcept>
#include <thread>
#include <vector>

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
  const std::vector<std::function<void(Server&)>> settings = {
      [](Server& server) { server.cgi_directories = {"cgi-bin"}; },
      [](Server& server) { server.cgi_directories = {""}; },
      [](Server& server) { server.cgi_directories = {"/a/../cgi-bin"}; },
      [](Server& server) { server.port = 70'000; },
      [](Server& server) { server.port = -1; },
      [](Server& server) { server.loops = 0; },
      [](Server& server) { server.max_scripts = 0; },
      [](Server& server) { server.script_timeout = 1e10; },
      [](Server& server) { server.header_timeout = 0; },
      [](Server& server) { server.protocol = "junk\r\nX: y"; },
      [](Server& server) { server.allowed_hosts = {"a b"}; },
      [](Server& server) { server.pass_env = {"HTTP_HOST"}; },
  };
  for (std::size_t i = 0; i < settings.size(); ++i) {
    Server server;
    server.port = 0;
    settings[i](server);
    EXPECT_THROW(server.listen(), std::invalid_argument) << i;
  }
  Server server;
  server.directory = "/no/such/folder";
  EXPECT_THROW(server.listen(), std::runtime_error);
}

TEST(Server, NormalisesItsSettings) {
  Server server;
  server.port = 0;
  server.cgi_directories = {"//cgi-bin/./x/"};
  server.allowed_hosts = {"Example.ORG"};
  server.header_timeout = 1e-7;
  server.listen();
  EXPECT_EQ("/cgi-bin/x", server.cgi_directories[0]);
  EXPECT_EQ("example.org", server.allowed_hosts[0]);
  EXPECT_EQ(1e-7, server.header_timeout);
}

TEST(Server, ServesNothingBeforeItListens) {
  Server server;
  server.shutdown();
  EXPECT_THROW(server.serve_forever(), std::logic_error);
  EXPECT_THROW(server.serve_until_signal(), std::logic_error);
}

TEST(Server, GivesNoNoticeOfASignalThatDidNotCome) {
  static bool is_told = false;
  Server server;
  server.port = 0;
  server.listen();
  server.shutdown();
  EXPECT_TRUE(server.serve_until_signal([](int) { is_told = true; }));
  EXPECT_FALSE(is_told);
}

}  // namespace
}  // namespace cgi
