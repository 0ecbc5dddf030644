#include "document_root.h"

#include <gtest/gtest.h>

#include <filesystem>

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

}  // namespace
}  // namespace cgi
