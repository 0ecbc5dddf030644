// Calls a function at the end of a scope.
#pragma once

#include <utility>

namespace cgi {

template <typename Function>
struct AtEnd {
  explicit AtEnd(Function function) : function_(std::move(function)) {}
  AtEnd(const AtEnd&) = delete;
  ~AtEnd() { function_(); }

 private:
  Function function_;
};

}  // namespace cgi
