#include "nearest.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace cgi {
namespace {

TEST(Nearest, IsTheWordWithTheFewestChanges) {
  const std::map<std::string, std::string> meant = {
      {"--prot", "--protocol"}, {"--porfile", "--profile"}, {"--profil", "--profile"}, {"--xyz", ""}, {"", ""},
  };
  for (const auto& [word, known] : meant)
    EXPECT_EQ(known, nearest(word, {"--port", "--profile", "--protocol"})) << word;
}

TEST(Nearest, ReadsTheBeginningOfALongWord) { EXPECT_EQ("", nearest(std::string(1'000'000, '-'), {"--port"})); }

}  // namespace
}  // namespace cgi
