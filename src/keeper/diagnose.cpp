// The helper process: gathers facts about processes that did not end, away from the keeper's loop. One line for each:
// pid TAB state TAB wchan TAB threads TAB open descriptors TAB command.
#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "keeper/keeper.h"
#include "keeper/processes.h"

namespace watchbill::keeper {
namespace {

constexpr std::size_t command_bytes_max = 200;

std::size_t read_text(pid_t pid, const char* what, char* out, std::size_t room) {
  char path[64];
  std::snprintf(path, sizeof path, "/proc/%d/%s", pid, what);
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  const ssize_t got = read(fd, out, room);
  close(fd);
  return got > 0 ? static_cast<std::size_t>(got) : 0;
}

int count_descriptors(pid_t pid) {
  char path[64];
  std::snprintf(path, sizeof path, "/proc/%d/fd", pid);
  DIR* const directory = opendir(path);
  if (directory == nullptr) return -1;
  int count = -2;  // . and ..
  while (readdir(directory) != nullptr) ++count;
  closedir(directory);
  return count;
}

}  // namespace

int print_diagnosis(int count, char** pids) {
  for (int i = 0; i < count; ++i) {
    const pid_t pid = std::atoi(pids[i]);
    ProcessStat stat;
    if (pid <= 0 || !read_stat(pid, stat)) continue;
    char command[command_bytes_max];
    const std::size_t size = read_text(pid, "cmdline", command, sizeof command);
    // Arguments are parted by blanks; nothing in them may end the line or a field.
    std::replace_if(command, command + size, [](char c) { return c >= 0 && c < ' '; }, ' ');
    char wait_channel[64];
    const std::size_t wait_size = read_text(pid, "wchan", wait_channel, sizeof wait_channel);
    std::printf("%d\t%c\t%.*s\t%u\t%d\t%.*s\n", pid, stat.state, static_cast<int>(wait_size), wait_channel, stat.thread_count,
                count_descriptors(pid), static_cast<int>(size), command);
    std::fflush(stdout);  // what is known stays known when time is up
  }
  return 0;
}

}  // namespace watchbill::keeper
