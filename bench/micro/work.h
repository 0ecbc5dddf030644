// Work for the functions of cgi-server that every request needs.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace cgi::bench {

struct Work {
  std::string name;            // "request_head/browser"
  std::function<void()> once;  // does the work once; the compiler cannot leave it out
};

const std::vector<Work>& all_work();

}  // namespace cgi::bench
