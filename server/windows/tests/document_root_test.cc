#include "document_root.h"

#include <gtest/gtest.h>
#include <windows.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "wide.h"

namespace cgi {
namespace {

class WindowsRoot : public ::testing::Test {
 protected:
  WindowsRoot() {
    folder_ = std::filesystem::temp_directory_path() / ("cgi-server-test." + std::to_string(::GetCurrentProcessId()));
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_ / "site" / "cgi-bin");
    std::filesystem::create_directories(folder_ / "site-2");
    write(folder_ / "secret.txt", "secret");
    write(folder_ / "site-2" / "secret.txt", "secret");
    write(folder_ / "site" / "Hello World.txt", "hello");
    write(folder_ / "site" / "cgi-bin" / "run.exe", "MZ");
    write(folder_ / "site" / L"caf\u00e9.txt", "");
    root_.emplace(octets(folder_ / "site"), false);
  }
  ~WindowsRoot() override {
    root_.reset();  // the directory cannot be removed while it is open
    std::filesystem::remove_all(folder_);
  }

  static void write(const std::filesystem::path& path, const char* text) { std::ofstream(path) << text; }
  static std::string octets(const std::filesystem::path& path) { return narrow(path.wstring()); }

  // Returns "file", "directory", or the error.
  std::string found(const std::string& path) const {
    UniqueFd handle;
    struct stat status;
    if (!root_->identify(path, handle, status)) return std::to_string(errno);
    return S_ISDIR(status.st_mode) ? "directory" : "file";
  }

  // Returns the path that the file system has for `segments`.
  std::string spelled(std::vector<std::string> segments) const {
    TargetPath target;
    target.segments = std::move(segments);
    root_->cgi_directory_of(target, {});
    std::string path;
    for (const std::string& segment : target.segments) path.append("/").append(segment);
    return path;
  }

  // Returns how many segments of the target are a CGI directory.
  std::optional<std::size_t> cgi_directory(const std::string& target, const std::string& directory) const {
    std::optional<TargetPath> path = parse_target(target);
    return root_->cgi_directory_of(*path, {directory});
  }

  std::filesystem::path folder_;
  std::optional<DocumentRoot> root_;
  const std::string missing_ = std::to_string(ENOENT);
};

TEST_F(WindowsRoot, OpensFilesAndDirectories) {
  EXPECT_EQ("directory", found("/"));
  EXPECT_EQ("directory", found("/cgi-bin"));
  EXPECT_EQ("directory", found("/cgi-bin/"));
  EXPECT_EQ("file", found("/Hello World.txt"));
  EXPECT_EQ("file", found("/caf\xc3\xa9.txt"));
  EXPECT_EQ(missing_, found("/nothing"));
  const auto status = root_->status("/Hello World.txt");
  ASSERT_TRUE(status);
  EXPECT_EQ(5, status->st_size);
  EXPECT_GT(600, std::abs(status->st_mtime - std::time(nullptr)));
  EXPECT_TRUE(root_->is_directory("/cgi-bin"));
  EXPECT_FALSE(root_->is_directory("/Hello World.txt"));
}

// rule: traversal/windows-drives-and-backslashes
TEST_F(WindowsRoot, HoldsNothingOutside) {
  for (const char* path :
       {"/..", "/../secret.txt", "/../site-2/secret.txt", "/.. /secret.txt", "/cgi-bin/../../secret.txt",
        "/..\\secret.txt", "/C:/windows/win.ini", "/C:", "//localhost/c$", "/./secret.txt"}) {
    EXPECT_EQ(missing_, found(path)) << path;
  }
}

TEST_F(WindowsRoot, KnowsOneNameOfAFileBesidesItsCase) {
  for (const char* path : {"/cgi-bin./run.exe", "/cgi-bin /run.exe", "/cgi-bin/run.exe.", "/cgi-bin/run.exe ",
                           "/cgi-bin/run.exe::$DATA", "/cgi-bin::$INDEX_ALLOCATION/run.exe", "/cgi-bin\\run.exe",
                           "/nul", "/COM1", "/con.txt", "/run*", "/caf\xe9.txt", "/cgi-bin//run.exe"}) {
    EXPECT_EQ(missing_, found(path)) << path;
  }
  EXPECT_EQ("file", found("/CGI-BIN/Run.Exe"));
}

TEST_F(WindowsRoot, SpellsNamesAsTheFileSystem) {
  EXPECT_EQ("/cgi-bin/run.exe", spelled({"CGI-BIN", "Run.Exe"}));
  EXPECT_EQ("/cgi-bin/run.exe/A/b", spelled({"Cgi-Bin", "RUN.exe", "A", "b"}));
  EXPECT_EQ("/cgi-bin/Nothing", spelled({"CGI-BIN", "Nothing"}));
  EXPECT_EQ("/Nothing/CGI-BIN", spelled({"Nothing", "CGI-BIN"}));
  EXPECT_EQ("/../CGI-BIN", spelled({"..", "CGI-BIN"}));
  EXPECT_EQ("", spelled({}));
}

// rule: disclosure/other-case, windows/final-path-decides
TEST_F(WindowsRoot, ComparesCgiDirectoriesAsTheFileSystemNamesThem) {
  for (const char* target : {"/cgi-bin/run.exe", "/CGI-BIN/run.exe", "/Cgi-Bin/RUN.EXE/extra"}) {
    for (const char* directory : {"/cgi-bin", "/CGI-bin"}) EXPECT_EQ(1u, cgi_directory(target, directory)) << target;
  }
  EXPECT_EQ(std::nullopt, cgi_directory("/Hello%20World.txt", "/cgi-bin"));
  EXPECT_EQ(0u, cgi_directory("/CGI-BIN/run.exe", "/"));
  std::filesystem::rename(folder_ / "site" / "cgi-bin", folder_ / "site" / "other");
  std::filesystem::rename(folder_ / "site" / "other", folder_ / "site" / "CGI-Bin");
  EXPECT_EQ(1u, cgi_directory("/cgi-bin/run.exe", "/cgi-bin"));
  std::filesystem::create_directory(folder_ / "site" / L"CAF\u00c9");
  EXPECT_EQ(1u, cgi_directory("/caf%C3%A9/run.exe", "/caf\xc3\xa9"));
  EXPECT_EQ(1u, cgi_directory("/CAF%ED%B3%83%ED%B2%89/run.exe", "/caf\xc3\xa9"));
}

TEST_F(WindowsRoot, ListsADirectory) {
  const UniqueFd directory = root_->open_directory("/");
  for (int round = 0; round < 2; ++round) {
    auto entries = root_->entries(directory, "/");
    ASSERT_TRUE(entries);
    std::sort(entries->begin(), entries->end(), [](const auto& a, const auto& b) { return a.name < b.name; });
    ASSERT_EQ(3u, entries->size());
    EXPECT_EQ("Hello World.txt", (*entries)[0].name);
    EXPECT_EQ("caf\xc3\xa9.txt", (*entries)[1].name);
    EXPECT_EQ("cgi-bin", (*entries)[2].name);
    EXPECT_FALSE((*entries)[0].is_directory);
    EXPECT_TRUE((*entries)[2].is_directory);
  }
}

TEST_F(WindowsRoot, HasAPathForWindows) {
  EXPECT_TRUE(root_->path().ends_with("\\site")) << root_->path();
  EXPECT_EQ(':', root_->path()[1]);
  EXPECT_EQ("C:", DocumentRoot("C:\\", false).path());
}

TEST_F(WindowsRoot, MustBeADirectory) {
  for (const std::string& path :
       {octets(folder_ / "secret.txt"), octets(folder_ / "nothing"), std::string(), std::string("\xff")}) {
    EXPECT_THROW(DocumentRoot(path, false), std::runtime_error) << path;
  }
}

}  // namespace
}  // namespace cgi
