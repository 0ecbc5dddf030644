#include "demo.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "scratch_directory.h"

namespace cgi {
namespace {

// The demo goes into a directory of its own.
class DemoTest : public testing::Test {
 protected:
  DemoTest() { ::setenv("TMPDIR", scratch_.path().c_str(), 1); }
  ~DemoTest() override { ::unsetenv("TMPDIR"); }

  bool is_empty() const { return std::filesystem::is_empty(scratch_.path()); }
  std::string failure(const std::optional<Account>& account = std::nullopt) const {
    try {
      const Demo demo(account);
    } catch (const std::runtime_error& error) {
      return error.what();
    }
    return "none";
  }

  const ScratchDirectory scratch_;
};

std::string content(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

struct stat status(const std::string& path) {
  struct stat found = {};
  EXPECT_EQ(0, ::stat(path.c_str(), &found)) << path;
  return found;
}

TEST_F(DemoTest, UnpacksFilesWithTheirModesAndRemovesThem) {
  const mode_t before = ::umask(0077);
  {
    const Demo demo(std::nullopt);
    const std::string root = demo.document_root();
    for (const std::string name : {"", "/..", "/cgi-bin", "/cgi-bin/form"}) {
      EXPECT_EQ(0755u, status(root + name).st_mode & 07777) << name;
    }
    for (const std::string name : {"/index.html", "/style.css", "/cgi-bin/locked", "/../count"}) {
      EXPECT_EQ(0644u, status(root + name).st_mode & 07777) << name;
    }
    EXPECT_EQ(content(DEMO "/cgi-bin/form"), content(root + "/cgi-bin/form"));
    EXPECT_EQ(content(DEMO "/style.css"), content(root + "/style.css"));
  }
  ::umask(before);
  EXPECT_TRUE(is_empty());
}

TEST_F(DemoTest, ShowsEachScriptOnThePage) {
  const Demo demo(std::nullopt);
  const std::string page = content(demo.document_root() + "/index.html");
  for (const auto& script : std::filesystem::directory_iterator(DEMO "/cgi-bin")) {
    const std::string name = script.path().filename();
    EXPECT_NE(std::string::npos, page.find("Source of", page.find("<code>cgi-bin/" + name + "</code>"))) << name;
    EXPECT_TRUE(std::filesystem::exists(demo.document_root() + "/cgi-bin/" + name)) << name;
    EXPECT_EQ(std::string::npos, page.find("@" + name + "@")) << name;
  }
  EXPECT_NE(std::string::npos, page.find("<code><i>#!/bin/sh</i>\n<i># Prints a form"));
  EXPECT_NE(std::string::npos, page.find("s/&amp;/\\&amp;amp;/g; s/&lt;/"));
}

TEST_F(DemoTest, GivesTheCountToTheUserOfScripts) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can do that";
  const Demo demo(Account{65534, 65533, "nobody"});
  const struct stat count = status(demo.document_root() + "/../count");
  EXPECT_EQ(65534u, count.st_uid);
  EXPECT_EQ(65533u, count.st_gid);
  EXPECT_EQ(0u, status(demo.document_root() + "/..").st_uid);
}

TEST_F(DemoTest, RefusesADirectoryThatTheUserOfScriptsCannotEnter) {
  ::chmod(scratch_.path().c_str(), 0700);
  EXPECT_EQ(
      "cannot unpack the demo into \"" + scratch_.path() + "\": user \"nobody\" cannot enter it (try: TMPDIR=/var/tmp)",
      failure(Account{::geteuid(), ::getegid(), "nobody"}));
  EXPECT_TRUE(is_empty());
  EXPECT_EQ("none", failure());
}

TEST_F(DemoTest, NamesADirectoryThatDoesNotExist) {
  ::setenv("TMPDIR", scratch_.path("none").c_str(), 1);
  EXPECT_EQ(
      "cannot unpack the demo into \"" + scratch_.path("none") + "\": No such file or directory (try: TMPDIR=/var/tmp)",
      failure());
}

TEST_F(DemoTest, LeavesNothingIfAFileCannotBeWritten) {
  rlimit before{};
  ASSERT_EQ(0, ::getrlimit(RLIMIT_FSIZE, &before));
  const auto handler = ::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{2000, before.rlim_max};
  ASSERT_EQ(0, ::setrlimit(RLIMIT_FSIZE, &small));
  const std::string told = failure();
  ::setrlimit(RLIMIT_FSIZE, &before);
  ::signal(SIGXFSZ, handler);
  EXPECT_NE(std::string::npos, told.find("\": File too large (try: TMPDIR=/var/tmp)")) << told;
  EXPECT_TRUE(is_empty());
}

}  // namespace
}  // namespace cgi
