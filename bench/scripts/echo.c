/* Prints the query as a line, if there is one, and then its input. */
#include <stdio.h>
#include <stdlib.h>

int main(void) {
  static char buffer[65536];
  const char *query = getenv("QUERY_STRING");
  const char *length = getenv("CONTENT_LENGTH");
  unsigned long long left = length != NULL ? strtoull(length, NULL, 10) : 0;
  printf("Content-Type: text/plain\r\n\r\n");
  if (query != NULL && *query != '\0') printf("%s\n", query);
  while (left > 0) {
    const size_t got = fread(buffer, 1, left < sizeof buffer ? left : sizeof buffer, stdin);
    if (got == 0) return 1;
    fwrite(buffer, 1, got, stdout);
    left -= got;
  }
  return 0;
}
