#include "docroot.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace cgi::bench {
namespace {

namespace fs = std::filesystem;

TEST(Docroot, GoesToANewOrEmptyFolder) {
  const fs::path base = fs::path(testing::TempDir()) / "cgi-bench-docroot-test";
  fs::create_directories(base / "empty");
  std::ofstream(base / "file");
  EXPECT_EQ("", wrong_place(base / "new"));
  EXPECT_EQ("", wrong_place(base / "empty"));
  EXPECT_EQ("is not empty", wrong_place(base));
  EXPECT_EQ("is not a folder", wrong_place(base / "file"));
  fs::remove_all(base);
}

}  // namespace
}  // namespace cgi::bench
