// The system has no more threads while an object of this class lives: their stacks would be too large. Only glibc can
// do that.
#pragma once

#include <pthread.h>

#include <cstddef>

namespace cgi {

#ifdef __GLIBC__
class NoThreads {
 public:
  static constexpr bool kWorks = true;
  NoThreads() {
    pthread_attr_t huge;
    ::pthread_getattr_default_np(&before_);
    ::pthread_getattr_default_np(&huge);
    ::pthread_attr_setstacksize(&huge, std::size_t{1} << 50);
    ::pthread_setattr_default_np(&huge);
    ::pthread_attr_destroy(&huge);
  }
  NoThreads(const NoThreads&) = delete;
  ~NoThreads() {
    ::pthread_setattr_default_np(&before_);
    ::pthread_attr_destroy(&before_);
  }

 private:
  pthread_attr_t before_;
};
#else
struct NoThreads {
  static constexpr bool kWorks = false;
  NoThreads() {}
};
#endif

}  // namespace cgi
