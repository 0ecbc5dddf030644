#include "field_syntax.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>

namespace cgi {
namespace {

TEST(HeaderSection, EndsWithTheFirstEmptyLine) {
  const std::map<std::string, std::size_t> ends = {
      {"A: b\r\n\r\nbody", 8},
      {"A: b\n\nbody", 6},
      {"A: b\r\n\nbody", 7},
      {"A: b\n\r\nbody", 7},
      {"\nbody", 1},
      {"\r\nbody", 2},
      {"A: b\n", std::string::npos},
      {"A: b\r\n\r", std::string::npos},
      {"", std::string::npos},
      {"\r\r\n", std::string::npos},
  };
  for (const auto& [output, end] : ends) {
    EXPECT_EQ(end, header_section_end(output)) << output;
    for (std::size_t seen = 0; seen < std::min(end, output.size()); ++seen) {
      EXPECT_EQ(end, header_section_end(output, seen)) << output << " after " << seen;
    }
  }
}

}  // namespace
}  // namespace cgi
