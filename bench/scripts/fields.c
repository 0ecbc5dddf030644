/* Prints 50 fields and "hello" if the 50 request fields became variables. Servers that pass no fields pass as well. */
#include <stdio.h>
#include <string.h>

extern char **environ;

int main(void) {
  int seen = 0;
  for (char **variable = environ; *variable != NULL; ++variable) seen += strncmp(*variable, "HTTP_X_FIELD_", 13) == 0;
  printf("Content-Type: text/plain\r\n");
  for (int i = 1; i < 50; ++i) printf("X-Field-%d: value %d\r\n", i, i);
  printf("\r\n%s\n", seen == 0 || seen == 50 ? "hello" : "fields are missing");
  return 0;
}
