// Owns a handle of Windows and closes it at the end.
#pragma once

#include <winsock2.h>
// After winsock2.h, which windows.h otherwise replaces by an older one.
#include <windows.h>

#include <memory>

namespace cgi {

struct CloseHandle {
  using pointer = HANDLE;
  void operator()(HANDLE handle) const { ::CloseHandle(handle); }
};
using UniqueHandle = std::unique_ptr<void, CloseHandle>;

// Takes over `handle`. The functions that open files return another value than null if they fail.
inline UniqueHandle owned(HANDLE handle) { return UniqueHandle(handle == INVALID_HANDLE_VALUE ? nullptr : handle); }

}  // namespace cgi
