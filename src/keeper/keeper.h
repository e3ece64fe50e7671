// The keeper's program: parents every workload of one data directory and answers crashes and hangs by standing order, with or
// without a controller. Source: domain/supervision.md §8, design/architecture.md "The keeper".
#pragma once

#include <string>

#include "keeper/limits.h"

namespace watchbill::keeper {

struct Options {
  std::string data_directory;
  bool is_foreground{false};  // otherwise the process detaches, and returns once the socket answers
  int handoff_fd{-1};         // of a keeper that was replaced in place
};

// Runs until the last workload and connection have been gone for limits.idle_exit, or SIGTERM (workloads run on; the next keeper
// adopts them). Gives the program's exit code: 0, 1 the world failed (said on stderr), 4 another keeper runs there.
// `program_path`: what a replacement in place executes.
[[nodiscard]] int run_keeper(const Options& options, const std::string& program_path, const Limits& limits);

// The helper process: prints the facts about each pid, a line for each. Exit code 0.
[[nodiscard]] int print_diagnosis(int count, char** pids);

}  // namespace watchbill::keeper
