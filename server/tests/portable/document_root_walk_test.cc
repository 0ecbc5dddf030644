#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <string>

#include "clock.h"
#include "document_root.h"
#include "document_root_race.h"
#include "scratch_directory.h"

namespace cgi {
namespace {

// The walk looks back. openat2() may find a file that came into the directory at that moment.
TEST(DocumentRootWalk, ShowsNoFileThatCameIntoADirectoryOutside) {
  ScratchDirectory site;
  site.write("root/directory/file", "inside");
  site.make_directory("outside");
  const DocumentRoot root(site.path("root"), false);
  const FileId inside = id_of(site.path("root/directory/file"));
  const std::string directory = site.path("root/directory"), outside = site.path("outside/directory");
  Attempts attempts;
  const Repeated change([&] {
    move(directory, outside);
    const UniqueFd secret(::open((outside + "/secret").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
    ASSERT_EQ(0, ::unlink((outside + "/secret").c_str()));
    move(outside, directory);
  });
  const auto end = Clock::now() + std::chrono::seconds(20);
  for (int i = 0; i < kOpens || (attempts.lacks_one() && Clock::now() < end); i += 10) {
    if (::testing::Test::HasFatalFailure()) break;
    attempt(root, "/directory/secret", {}, attempts);
    attempt(root, "/directory/file", inside, attempts);
  }
  EXPECT_LT(0, attempts.inside);
  EXPECT_LT(0, attempts.refused);
}

}  // namespace
}  // namespace cgi
