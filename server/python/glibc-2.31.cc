// Holds the names of newer glibc that libstdc++.a of GCC 12 needs. See glibc-2.31.cmake.

#include <stdint.h>
#include <stdlib.h>
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

}  // extern "C"
