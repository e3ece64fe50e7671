/* The smallest workload: one process that waits. Static, so that exec costs what it must. */
#include <unistd.h>

int main(void) {
  for (;;) pause();
}
