#include "document_root.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <map>
#include <string>

#include "clock.h"
#include "document_root_race.h"
#include "scratch_directory.h"

namespace cgi {
namespace {

// PATH_TRANSLATED and SCRIPT_FILENAME begin with it.
TEST(DocumentRoot, HasAPathWithoutLinks) {
  ScratchDirectory site;
  site.make_directory("root/sub");
  site.link("link", "root");
  const std::string real = std::filesystem::canonical(site.path("root"));
  for (const char* name : {"root", "root/", "link", "root/sub/..", "link/./"}) {
    EXPECT_EQ(real, DocumentRoot(site.path(name), false).path()) << name;
    EXPECT_EQ(real, DocumentRoot(site.path(name), true).path()) << name;
  }
}

// Returns the content of a file, "directory", or the text of errno.
std::string content_of(const UniqueFd& file) {
  if (!file) return std::strerror(errno);
  std::array<char, 100> content{};
  const ssize_t size = ::read(file.get(), content.data(), content.size());
  return size < 0 ? "directory" : std::string(content.data(), static_cast<std::size_t>(size));
}

class LinksTest : public ::testing::Test {
 protected:
  LinksTest() {
    site_.write("root/file", "inside");
    site_.write("root/a/b/file", "deep");
    site_.write("outside/file", "outside");
    site_.write("root-beside/file", "outside");
    const std::map<std::string, std::string> links = {
        {"here", "file"},
        {"a/up", "../file"},
        {"a/b/up", ".."},
        {"a/b/upup", "../.."},
        {"a/b/above", "../../.."},
        {"around", "a/b/../../a/./b//file"},
        {"slash", "a/b/"},
        {"file-slash", "file/"},
        {"file-up", "file/../file"},
        {"nothing-up", "nothing/../file"},
        {"self", "."},
        {"loop", "loop"},
        {"ping", "a/pong"},
        {"a/pong", "../ping"},
        {"dangling", "nothing"},
        {"out", "../outside"},
        {"out-file", "../outside/file"},
        {"beside", "../root-beside"},
        {"parent", ".."},
        {"through-out", "out/file"},
        {"out-and-in", "../outside/../root/file"},
        {"absolute", site_.path("root/a/b")},
        {"absolute-root", site_.path("root")},
        {"absolute-out", site_.path("outside")},
        {"absolute-beside", site_.path("root-beside")},
        {"absolute-above", site_.path("root/..")},
        {"a/to-absolute", "../absolute/file"},
    };
    for (const auto& [name, target] : links) site_.link("root/" + name, target);
    site_.link("root/1", "file");
    for (int i = 2; i <= 41; ++i) site_.link("root/" + std::to_string(i), std::to_string(i - 1));
  }

  std::string content(const std::string& path) const { return content_of(root_.open_for_reading(path)); }

  ScratchDirectory site_;
  DocumentRoot root_{(site_.make_directory("root"), site_.path("root")), false};
};

TEST_F(LinksTest, MayLeadAnywhereInsideTheRoot) {
  const std::map<std::string, std::string> contents = {
      {"/", "directory"},
      {"/file", "inside"},
      {"/a/b", "directory"},
      {"/a/b/", "directory"},
      {"/a/b/file", "deep"},
      {"/here", "inside"},
      {"/a/up", "inside"},
      {"/a/b/up/b/file", "deep"},
      {"/a/b/up", "directory"},
      {"/a/b/upup/file", "inside"},
      {"/a/b/upup", "directory"},
      {"/around", "deep"},
      {"/slash/file", "deep"},
      {"/slash", "directory"},
      {"/self/self/file", "inside"},
      {"/out-and-in", "inside"},
      {"/a/b/above/root/file", "inside"},
      {"/absolute/file", "deep"},
      {"/absolute/upup/absolute/file", "deep"},
      {"/absolute-root/file", "inside"},
      {"/absolute-root", "directory"},
      {"/a/to-absolute", "deep"},
      {"/40", "inside"},
  };
  for (const auto& [path, expected] : contents) EXPECT_EQ(expected, content(path)) << path;
}

TEST_F(LinksTest, LeadNowhereElse) {
  const std::map<std::string, int> errors = {
      {"/nothing", ENOENT},
      {"/file/", ENOTDIR},
      {"/file/x", ENOTDIR},
      {"/here/", ENOTDIR},
      {"/file-slash", ENOTDIR},
      {"/file-up", ENOTDIR},
      {"/nothing-up", ENOENT},
      {"/dangling", ENOENT},
      {"/loop", ELOOP},
      {"/ping", ELOOP},
      {"/41", ELOOP},
      {"/a/b/above", EXDEV},
      {"/out", EXDEV},
      {"/out/file", EXDEV},
      {"/out-file", EXDEV},
      {"/through-out", EXDEV},
      {"/beside/file", EXDEV},
      {"/parent", EXDEV},
      {"/parent/outside/file", EXDEV},
      {"/absolute-out/file", EXDEV},
      {"/absolute-beside/file", EXDEV},
      {"/absolute-above/outside/file", EXDEV},
      {"/" + std::string(256, 'x'), ENAMETOOLONG},
  };
  for (const auto& [path, error] : errors) EXPECT_EQ(std::strerror(error), content(path)) << path;
}

TEST_F(LinksTest, LeadOutIfTheOperatorAllowsIt) {
  const DocumentRoot open(site_.path("root"), true);
  for (const char* path : {"/out/file", "/absolute-out/file", "/through-out"}) {
    EXPECT_EQ("outside", content_of(open.open_for_reading(path))) << path;
  }
}

TEST_F(LinksTest, LeadToAFileThatIsIdentified) {
  site_.write("root/script", "", 0111);
  ::mkfifo(site_.path("root/fifo").c_str(), 0644);
  site_.link("root/to-script", "script");
  for (const char* name : {"script", "to-script", "fifo", "a/b", "a/b/", "absolute", "a/up", "absolute/file"}) {
    UniqueFd handle;
    struct stat status = {};
    EXPECT_TRUE(root_.identify(std::string("/") + name, handle, status)) << name;
    EXPECT_EQ(id_of(site_.path(std::string("root/") + name)), id_of(status)) << name;
  }
  for (const auto& [path, error] : std::map<std::string, int>{
           {"/nothing", ENOENT}, {"/dangling", ENOENT}, {"/loop", ELOOP}, {"/out-file", EXDEV}, {"/41", ELOOP}}) {
    UniqueFd handle;
    struct stat status = {};
    EXPECT_FALSE(root_.identify(path, handle, status)) << path;
    EXPECT_EQ(error, errno) << path;
  }
}

TEST_F(LinksTest, AreDirectoriesInAListingIfTheyLeadToOneInside) {
  const auto entries = root_.entries(root_.open_directory("/"), "/");
  ASSERT_TRUE(entries);
  std::map<std::string, std::string> marks;
  for (const ListingEntry& entry : *entries) {
    marks[entry.name] = std::string(entry.is_directory ? "/" : "") + (entry.is_link ? "@" : "");
  }
  for (const auto& [name, mark] : std::map<std::string, std::string>{
           {"a", "/"}, {"file", ""}, {"here", "@"}, {"slash", "/@"}, {"absolute", "/@"}, {"out", "@"}, {"loop", "@"}}) {
    EXPECT_EQ(mark, marks.at(name)) << name;
  }
  EXPECT_EQ(0u, marks.count("."));
  EXPECT_EQ(0u, marks.count(".."));
}

TEST(DocumentRoot, LeadsOutAtNoMomentWhileADirectoryAndALinkSwapPlaces) {
  ScratchDirectory site;
  site.write("root/directory/file", "inside");
  site.write("outside/file", "outside");
  site.link("root/link", "../outside");
  site.link("root/absolute", site.path("root/directory"));
  const DocumentRoot root(site.path("root"), false);
  const FileId inside = id_of(site.path("root/directory/file"));
  const std::string directory = site.path("root/directory"), link = site.path("root/link"), aside = site.path("aside");
  Attempts attempts;
  const Repeated swap([&] {
    move(directory, aside);
    move(link, directory);
    move(directory, link);
    move(aside, directory);
  });
  const auto end = Clock::now() + std::chrono::seconds(20);
  for (int i = 0; i < kOpens || (attempts.lacks_one() && Clock::now() < end); i += 2) {  // an attempt opens it twice
    if (::testing::Test::HasFatalFailure()) break;
    attempt(root, i % 20 == 0 ? "/absolute/file" : "/directory/file", inside, attempts);
  }
  EXPECT_LT(0, attempts.inside);
  EXPECT_LT(0, attempts.refused);
}

}  // namespace
}  // namespace cgi
