/* Prints 10 MB in writes of 64 KB. */
#include <string.h>
#include <unistd.h>

int main(void) {
  static char block[65536];
  static const char type[] = "Content-Type: application/octet-stream\r\n\r\n";
  for (size_t at = 0; at < sizeof block; at += 16) memcpy(block + at, "0123456789abcde\n", 16);
  if (write(1, type, sizeof type - 1) != (ssize_t)(sizeof type - 1)) return 1;
  for (int i = 0; i < 160; ++i) {
    for (size_t at = 0; at < sizeof block;) {
      const ssize_t written = write(1, block + at, sizeof block - at);
      if (written <= 0) return 1;
      at += (size_t)written;
    }
  }
  return 0;
}
