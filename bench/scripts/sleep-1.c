// Sleeps for a second, as a script that waits for a database does.
#include <stdio.h>
#include <unistd.h>

int main(void) {
  sleep(1);
  return puts("Content-Type: text/plain\r\n\r\nslept") < 0;
}
