#include <cgi_server/cgi_server.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <thread>

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
