/* Says hello under 50 fields, if all 50 of the request have become variables (or none has: not every server does). */
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
