/* Reads CONTENT_LENGTH octets and prints how many it got. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(void) {
  static char buffer[262144];
  const char *length = getenv("CONTENT_LENGTH");
  const unsigned long long wanted = length != NULL ? strtoull(length, NULL, 10) : 0;
  unsigned long long all = 0;
  while (all < wanted) {
    const ssize_t got = read(0, buffer, wanted - all < sizeof buffer ? wanted - all : sizeof buffer);
    if (got <= 0) break;
    all += (unsigned long long)got;
  }
  printf("Content-Type: text/plain\r\n\r\n%llu\n", all);
  return 0;
}
