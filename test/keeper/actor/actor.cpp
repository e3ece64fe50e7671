// A program that misbehaves as told: keeper_actor PART [ARGUMENT…]. Parts can be read in `main`.
#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <csignal>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>

namespace {

void wait_ms(long ms) {
  const timespec time{ms / 1000, (ms % 1000) * 1'000'000};
  nanosleep(&time, nullptr);
}

[[noreturn]] void wait_for_ever() {
  for (;;) pause();
}

void notify(const std::string& text) {
  const char* const name = std::getenv("NOTIFY_SOCKET");
  if (name == nullptr) return;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, name, std::strlen(name));
  if (name[0] == '@') address.sun_path[0] = '\0';
  const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  (void)sendto(fd, text.data(), text.size(), 0, reinterpret_cast<const sockaddr*>(&address),
               static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + std::strlen(name)));
  close(fd);
}

// Beats `count` times (0: for ever), then goes on without; prints a line each time when `prints`.
[[noreturn]] void beat(long every_ms, long count, bool prints_while_beating, bool prints_afterwards) {
  for (long i = 0; count == 0 || i < count; ++i) {
    notify("WATCHDOG=1");
    if (prints_while_beating) std::printf("beat %ld\n", i), std::fflush(stdout);
    wait_ms(every_ms);
  }
  for (;;) {
    if (prints_afterwards) std::printf("no beat\n"), std::fflush(stdout);
    wait_ms(every_ms);
  }
}

// A child that ignores TERM and holds a port, and one in its own session. Ready when both are as they should be.
[[noreturn]] void family(int port) {
  int told[2];
  if (pipe2(told, O_CLOEXEC) != 0) _exit(9);
  const auto tell = [&] { (void)!write(told[1], "x", 1); };
  if (fork() == 0) {
    std::signal(SIGTERM, SIG_IGN);
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    const int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 || listen(fd, 1) != 0) _exit(9);
    tell();
    wait_for_ever();
  }
  if (fork() == 0) {
    setsid();
    std::signal(SIGTERM, SIG_IGN);
    tell();
    wait_for_ever();
  }
  char byte = 0;
  for (int i = 0; i < 2; ++i)
    if (read(told[0], &byte, 1) != 1) _exit(9);
  notify("READY=1");
  wait_for_ever();
}

}  // namespace

int main(int argc, char** argv) {
  const std::string part = argc > 1 ? argv[1] : "";
  const auto number = [&](int index) { return argc > index ? std::atol(argv[index]) : 0; };
  if (part == "sleep") wait_for_ever();
  if (part == "exit") {
    wait_ms(number(3));
    return static_cast<int>(number(2));
  }
  if (part == "ignore_term") {
    std::signal(SIGTERM, SIG_IGN);
    notify("READY=1");
    wait_for_ever();
  }
  if (part == "family") family(static_cast<int>(number(2)));
  if (part == "leave_child") {  // exits with a child left, in its own session when asked
    if (fork() == 0) {
      if (number(2) != 0) setsid();
      wait_ms(number(4));
      _exit(0);
    }
    wait_ms(50);
    return static_cast<int>(number(3));
  }
  if (part == "beat") beat(number(2), number(3), false, false);
  if (part == "beat_then_print") beat(number(2), number(3), false, true);
  if (part == "notify") {
    for (int i = 2; i < argc; ++i) notify(argv[i]);
    wait_for_ever();
  }
  if (part == "tell_and_exit") {  // FILE TEXT CODE: once the file is there
    while (access(argv[2], F_OK) != 0) wait_ms(2);
    notify(argv[3]);
    return static_cast<int>(number(4));
  }
  if (part == "touch") {
    for (long i = 0; i < number(4); ++i) {
      const int fd = open(argv[2], O_WRONLY | O_CREAT | O_APPEND, 0600);
      (void)!write(fd, ".", 1);
      close(fd);
      wait_ms(number(3));
    }
    wait_for_ever();
  }
  if (part == "flood") {
    std::string line(8191, 'x');
    line += '\n';
    for (;;) (void)!write(1, line.data(), line.size());
  }
  if (part == "count") {  // numbered lines, for ever
    for (long i = 0;; ++i) {
      std::printf("line %ld\n", i);
      std::fflush(stdout);
      wait_ms(number(2));
    }
  }
  if (part == "print") {  // so many bytes to stdout and stderr
    const std::string text(1024, 'o');
    const std::string error(1024, 'e');
    for (long i = 0; i < number(2); i += 1024) {
      (void)!write(1, text.data(), text.size());
      (void)!write(2, error.data(), error.size());
    }
    return static_cast<int>(number(3));
  }
  return 64;
}
