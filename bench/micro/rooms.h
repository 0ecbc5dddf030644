// Work for the pure rooms of cgi-server, of the kind that every request brings: once per call, result kept alive.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace cgi::bench {

struct RoomWork {
  std::string name;  // "request_head/browser"
  std::function<void()> once;
};

const std::vector<RoomWork>& room_work();

}  // namespace cgi::bench
