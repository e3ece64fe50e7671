// watchbill-keeper DATA_DIR [--foreground]
#include <sys/syscall.h>
#include <unistd.h>

#include <climits>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "keeper/keeper.h"

namespace {

constexpr const char* usage =
    "usage: watchbill-keeper DATA_DIR [--foreground]\n"
    "Parents the workloads of one data directory; answers at DATA_DIR/keeper.sock. It takes its orders from `watchbill serve` or "
    "the\n"
    "host's agent only. Without --foreground it detaches and returns once it answers. SIGTERM ends it and leaves workloads "
    "running,\n"
    "SIGUSR2 replaces it in place by the program file as it is now.\n"
    "It ends by itself when there is nothing to keep and nobody asks: after 60 s in the foreground, else after 3 s.\n"
    "Exit codes: 0 ended, 1 failed, 2 usage, 4 another keeper runs there.\n";

// Absolute, so that a replacement finds the file that is there by then.
std::string program_path() {
  char path[PATH_MAX];
  const ssize_t size = readlink("/proc/self/exe", path, sizeof path);
  std::string text(path, size > 0 ? static_cast<std::size_t>(size) : 0);
  constexpr std::string_view deleted = " (deleted)";
  if (text.size() > deleted.size() && text.compare(text.size() - deleted.size(), deleted.size(), deleted) == 0)
    text.resize(text.size() - deleted.size());
  return text;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc >= 2 && std::string_view(argv[1]) == "--diagnose") return watchbill::keeper::print_diagnosis(argc - 2, argv + 2);
  watchbill::keeper::Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument(argv[i]);
    if (argument == "--help") {
      std::fputs(usage, stdout);
      return 0;
    }
    if (argument == "--foreground") options.is_foreground = true;
    else if (argument == "--resume" && i + 1 < argc) options.handoff_fd = std::atoi(argv[++i]);
    else if (options.data_directory.empty() && argument.substr(0, 1) != "-") options.data_directory = argv[i];
    else options.data_directory.clear(), i = argc;
  }
  if (options.data_directory.empty()) {
    std::fputs(usage, stderr);
    return 2;
  }
  // Nothing that the starter had open stays open here or in any workload.
  if (options.handoff_fd < 0) (void)syscall(SYS_close_range, 3U, ~0U, 0U);
  watchbill::keeper::Limits limits;
  // A controller started it and will start the next; one that an init system started is not started again when it has ended.
  if (!options.is_foreground && options.handoff_fd < 0) limits.idle_exit = limits.idle_exit_of_started;
  return watchbill::keeper::run_keeper(options, program_path(), limits);
}
