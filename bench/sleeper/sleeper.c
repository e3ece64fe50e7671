/* The smallest workload: one process that waits. Static, so that exec costs what it must.
 *
 * Where WB_BENCH_SOCKET names an abstract datagram socket, it first tells when its main() began: pid, CLOCK_MONOTONIC in
 * nanoseconds, and the number that is the last part of its working directory. Called as `keeper_sleeper --once SOCKET` it tells
 * that and exits. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

struct report {
  int32_t pid;
  uint32_t number;
  uint64_t main_at_ns;
};

static void tell(const char* name, uint64_t main_at_ns) {
  char directory[4096];
  const char* part = getcwd(directory, sizeof directory);
  if (part == NULL || (part = strrchr(directory, '/')) == NULL) return;
  const struct report report = {getpid(), (uint32_t)strtoul(part + 1, NULL, 10), main_at_ns};
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  strncpy(address.sun_path + 1, name, sizeof address.sun_path - 2);
  const socklen_t size = (socklen_t)(sizeof address.sun_family + 1 + strlen(address.sun_path + 1));
  const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return;
  (void)!sendto(fd, &report, sizeof report, 0, (const struct sockaddr*)&address, size);
  close(fd);
}

int main(int argc, char** argv) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  const int is_once = argc == 3 && strcmp(argv[1], "--once") == 0;
  const char* const name = is_once ? argv[2] : getenv("WB_BENCH_SOCKET");
  if (name != NULL) tell(name, (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec);
  while (!is_once) pause();
  return 0;
}
