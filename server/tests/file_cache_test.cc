#include "file_cache.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "mime_types.h"
#include "scratch_directory.h"
#include "static_file.h"

namespace cgi {
namespace {

constexpr std::time_t kOld = 3;  // seconds: a file of that age may be kept

class FileCacheTest : public ::testing::Test {
 protected:
  FileCacheTest() { site_.make_directory("root"); }

  std::string path(const std::string& name) const { return site_.path("root/" + name); }

  // Reads the file as the server does. Returns nothing if the root does not hold it.
  std::shared_ptr<const StoredFile> read(const std::string& name) const {
    Route route;
    route.kind = RouteKind::kFile;
    route.path = "/" + name;
    route.file = root_.open_for_reading(route.path);
    if (!route.file || ::fstat(route.file.get(), &route.status) != 0) return nullptr;
    return read_file(route, types_);
  }
  // Does as if the file had been read when it was `age` seconds old.
  std::shared_ptr<const StoredFile> read_at_age(const std::string& name, std::time_t age) const {
    const auto file = std::make_shared<StoredFile>(*read(name));
    file->read_at = std::max(file->status.st_mtime, file->status.st_ctime) + age;
    return file;
  }

  // Waits until a file that changes now has another ctime than `name`.
  void await_next_tick(const std::string& name) const {
    const auto changed = [this](const std::string& file) {
      struct stat status = {};
      ::lstat(path(file).c_str(), &status);
      return std::pair(status.st_ctim.tv_sec, status.st_ctim.tv_nsec);
    };
    do {
      site_.write("root/probe", "");
    } while (changed("probe") <= changed(name));
  }

  ScratchDirectory site_;
  DocumentRoot root_{(site_.make_directory("root"), site_.path("root")), false};
  MimeTypes types_;
  FileCache cache_{root_};
};

void set_modified(const std::string& path, std::time_t when) {
  const std::array<timespec, 2> times = {{{when, 0}, {when, 0}}};
  ASSERT_EQ(0, ::utimensat(AT_FDCWD, path.c_str(), times.data(), 0));
}

void overwrite(const std::string& path, const std::string& content) {
  const UniqueFd file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  ASSERT_TRUE(write_all(file.get(), content));
}

// The ways to change a file, or what its name leads to. Each leaves `content` in it, of the same length as before,
// except the last one.
struct Change {
  const char* name;
  std::function<void(const std::string& path, const std::string& content)> make;
};

const std::vector<Change>& changes() {
  static const std::vector<Change> all = {
      {"in place", [](const auto& path, const auto& content) { overwrite(path, content); }},
      {"in place, from nothing", [](const auto& path, const auto& content) { std::ofstream(path) << content; }},
      {"by rename",
       [](const auto& path, const auto& content) {
         std::ofstream(path + ".new") << content;
         std::filesystem::rename(path + ".new", path);
       }},
      {"in place, with the old time",
       [](const auto& path, const auto& content) {
         struct stat before = {};
         ::stat(path.c_str(), &before);
         overwrite(path, content);
         set_modified(path, before.st_mtime);
       }},
      {"by rename, with the old time",
       [](const auto& path, const auto& content) {
         struct stat before = {};
         ::stat(path.c_str(), &before);
         std::ofstream(path + ".new") << content;
         set_modified(path + ".new", before.st_mtime);
         std::filesystem::rename(path + ".new", path);
       }},
      {"by removal",
       [](const auto& path, const auto& content) {
         std::filesystem::remove(path);
         std::ofstream(path) << content;
       }},
      {"by a link out of the root",
       [](const auto& path, const auto&) {
         std::filesystem::remove(path);
         std::filesystem::create_symlink("../secret", path);
       }},
  };
  return all;
}

// Returns another text of the same length for each number.
std::string content_of(int number) { return "content " + std::to_string(100'000 + number) + "\n"; }

// All changes of this test come within a few ticks of the clock.
TEST_F(FileCacheTest, IsNeverStale) {
  site_.write("secret", content_of(0));
  site_.write("root/file", content_of(0));
  set_modified(path("file"), 1'000'000'000);
  for (int i = 1; i <= 1000; ++i) {
    const Change& change = changes()[static_cast<std::size_t>(i) % changes().size()];
    const bool is_link = &change == &changes().back();
    if (std::filesystem::is_symlink(path("file"))) std::filesystem::remove(path("file"));
    if (!std::filesystem::exists(path("file"))) site_.write("root/file", content_of(0));
    if (const auto file = read("file")) cache_.keep("/file", file);
    change.make(path("file"), content_of(i));

    if (const auto found = cache_.find("/file")) {
      ASSERT_FALSE(is_link);
      ASSERT_EQ(content_of(i), found->content) << change.name;
    }
    const auto file = read("file");
    ASSERT_EQ(is_link, file == nullptr) << change.name;
    if (!file) continue;
    ASSERT_EQ(content_of(i), file->content) << change.name;
    cache_.keep("/file", file);
  }
}

TEST_F(FileCacheTest, SeesEachChangeOfAFileThatItHolds) {
  site_.write("secret", content_of(0));
  int number = 0;
  for (int round = 0; round < 20; ++round) {
    for (const Change& change : changes()) {
      std::filesystem::remove(path("file"));
      site_.write("root/file", content_of(++number));
      set_modified(path("file"), 1'000'000'000);
      const auto held = read_at_age("file", kOld);
      cache_.keep("/file", held);
      ASSERT_EQ(held, cache_.find("/file"));
      await_next_tick("file");
      change.make(path("file"), content_of(++number));
      ASSERT_EQ(nullptr, cache_.find("/file")) << change.name;
    }
  }
}

TEST_F(FileCacheTest, ForgetsAFileAfterItsLife) {
  site_.write("root/file", content_of(0));
  FileCache cache(root_, Clock::duration(-1));
  cache.keep("/file", read_at_age("file", kOld));
  EXPECT_EQ(nullptr, cache.find("/file"));
}

TEST_F(FileCacheTest, SeesThatAFileMayNotBeReadAnyMore) {
  site_.write("root/file", content_of(0));
  cache_.keep("/file", read_at_age("file", kOld));
  ASSERT_TRUE(cache_.find("/file"));
  ::chmod(path("file").c_str(), 0);
  EXPECT_EQ(nullptr, cache_.find("/file"));
}

TEST_F(FileCacheTest, SeesThatAFileIsGoneAndThatItIsBack) {
  site_.write("root/file", content_of(0));
  cache_.keep("/file", read_at_age("file", kOld));
  std::filesystem::rename(path("file"), path("other"));
  EXPECT_EQ(nullptr, cache_.find("/file"));
  await_next_tick("other");
  std::filesystem::rename(path("other"), path("file"));
  EXPECT_EQ(nullptr, cache_.find("/file"));  // a rename is a change, too
}

TEST_F(FileCacheTest, HoldsAFileOnlyIfItWasOlderThanTwoSeconds) {
  for (std::time_t age = -1; age <= 4; ++age) {
    const std::string name = "file" + std::to_string(age);
    site_.write("root/" + name, content_of(0));
    const auto file = read_at_age(name, age);
    cache_.keep("/" + name, file);
    EXPECT_EQ(age > 2 ? file : nullptr, cache_.find("/" + name)) << age;
  }
}

TEST_F(FileCacheTest, DoesNotHoldAFileFromTheFuture) {
  site_.write("root/file", content_of(0));
  set_modified(path("file"), std::time(nullptr) + 1000);
  const auto file = std::make_shared<StoredFile>(*read("file"));
  file->read_at = file->status.st_ctime + kOld;
  cache_.keep("/file", file);
  EXPECT_EQ(nullptr, cache_.find("/file"));
}

TEST_F(FileCacheTest, HoldsNoTargetWithAQueryAndNoSecondIndex) {
  for (const std::string target : {"/file?a=b", "/index.htm", "/", "/index.html"}) {
    const std::string name = target == "/file?a=b" ? "file" : target == "/index.html" ? "index.html" : "index.htm";
    site_.write("root/" + name, content_of(0));
    cache_.keep(target, read_at_age(name, kOld));
    EXPECT_EQ(target == "/index.html", cache_.find(target) != nullptr) << target;
  }
}

// Returns how many files the cache holds after it was given `count`, each with another target.
std::size_t held_of(FileCache& cache, int count, const std::string& target, const StoredFile& file) {
  std::vector<std::weak_ptr<const StoredFile>> given;
  for (int i = 0; i < count; ++i) {
    const auto copy = std::make_shared<const StoredFile>(file);
    given.push_back(copy);
    cache.keep(target + std::to_string(i), copy);
    EXPECT_EQ(copy, cache.find(target + std::to_string(i)));
  }
  std::size_t held = 0;
  for (const auto& one : given) held += one.expired() ? 0 : 1;
  return held;
}

TEST_F(FileCacheTest, HoldsAtMostFourMegabytes) {
  constexpr std::size_t kMost = 4 * 1024 * 1024;
  site_.write("root/empty", "");
  site_.write("root/file", std::string(32 * 1024, 'x'));
  {
    FileCache cache(root_);
    EXPECT_LE(held_of(cache, 10'000, "/", *read_at_age("file", kOld)) * 32 * 1024, kMost);
  }
  {
    FileCache cache(root_);
    EXPECT_LE(held_of(cache, 10'000, "/" + std::string(16 * 1024, 'x'), *read_at_age("empty", kOld)) * 16 * 1024,
              kMost);
  }
  FileCache cache(root_);  // many small ones: each has its fields, too
  EXPECT_LE(held_of(cache, 50'000, "/", *read_at_age("empty", kOld)) * 256, kMost);
}

TEST_F(FileCacheTest, CountsATargetOnce) {
  site_.write("root/file", std::string(1024, 'x'));
  const auto first = read_at_age("file", kOld);
  cache_.keep("/first", first);
  for (int i = 0; i < 10'000; ++i) cache_.keep("/second", read_at_age("file", kOld));
  EXPECT_EQ(first, cache_.find("/first"));
}

TEST_F(FileCacheTest, HoldsWhatAResponseNeeds) {
  site_.write("root/page.html", "<p>");
  set_modified(path("page.html"), 1'000'000'000);
  const auto file = read("page.html");
  EXPECT_EQ("/page.html", file->path);
  EXPECT_EQ("<p>", file->content);
  EXPECT_EQ("Content-type: text/html\r\nContent-Length: 3\r\nLast-Modified: Sun, 09 Sep 2001 01:46:40 GMT\r\n",
            file->fields);
  EXPECT_LE(file->read_at, std::time(nullptr));
  EXPECT_LE(file->status.st_ctime, file->read_at);
}

TEST_F(FileCacheTest, AFileThatShrinksWhileItIsReadIsNotServed) {
  site_.write("root/file", "content");
  Route route;
  route.kind = RouteKind::kFile;
  route.path = "/file";
  route.file = root_.open_for_reading(route.path);
  ASSERT_EQ(0, ::fstat(route.file.get(), &route.status));
  ASSERT_EQ(0, ::truncate(path("file").c_str(), 3));
  EXPECT_EQ(nullptr, read_file(route, types_));
}

TEST_F(FileCacheTest, ALargeFileIsNotRead) {
  site_.write("root/file", std::string(32 * 1024 + 1, 'x'));
  const auto file = read("file");
  ASSERT_TRUE(file);
  EXPECT_EQ("", file->content);
  EXPECT_NE(file->fields.npos, file->fields.find("Content-Length: 32769\r\n"));
}

}  // namespace
}  // namespace cgi
