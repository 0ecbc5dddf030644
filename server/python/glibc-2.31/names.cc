// Holds the names of newer glibc that cgi-server and libstdc++.a of GCC 12 need. See ../glibc-2.31.cmake.

#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

extern "C" {

// glibc sets it while the program has one thread; libstdc++ then counts references without locks. 0 is always right.
extern char __libc_single_threaded;
char __libc_single_threaded = 0;

// Returns random bits, as std::random_device wants them.
uint32_t arc4random() {
  uint32_t bits = 0;
  if (getrandom(&bits, sizeof bits, 0) != sizeof bits) abort();
  return bits;
}

// Returns the name of a signal without SIG, or a null pointer if the signal has none.
const char* sigabbrev_np(int number) noexcept {
#define NAME(name) {SIG##name, #name}
  static constexpr struct {
    int number;
    const char* name;
  } kNames[] = {NAME(HUP),  NAME(INT),  NAME(QUIT), NAME(ILL),  NAME(TRAP), NAME(ABRT),  NAME(BUS),   NAME(FPE),
                NAME(KILL), NAME(USR1), NAME(SEGV), NAME(USR2), NAME(PIPE), NAME(ALRM),  NAME(TERM),  NAME(STKFLT),
                NAME(CHLD), NAME(CONT), NAME(STOP), NAME(TSTP), NAME(TTIN), NAME(TTOU),  NAME(URG),   NAME(XCPU),
                NAME(XFSZ), NAME(PROF), NAME(PWR),  NAME(POLL), NAME(SYS),  NAME(WINCH), NAME(VTALRM)};
#undef NAME
  for (const auto& known : kNames) {
    if (known.number == number) return known.name;
  }
  return nullptr;
}

}  // extern "C"
