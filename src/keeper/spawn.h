// Starts one process: clone with CLONE_VM | CLONE_VFORK on a stack of its own, so that nothing of the keeper is copied and the
// outcome of exec is known exactly when start_process returns. Source: domain/supervision.md §2.1, design/dependencies.md §6.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <span>

namespace watchbill::keeper {

// Everything as system calls want it; pointers live until start_process returns.
struct ProcessPlan {
  char* const* argv{nullptr};         // argv[0] with a slash is a path, otherwise it is looked up in PATH of `environment`
  char* const* environment{nullptr};
  const char* directory{nullptr};     // entered as the account; null: stays in the keeper's
  const char* output_path{nullptr};   // FIFO for stdout and stderr, opened O_RDWR by the child; null: see below
  const char* error_path{nullptr};    // FIFO for stderr alone
  int output_fd{-1};                  // without output_path: stdout and stderr; -1: /dev/null
  bool has_account{false};
  std::uint32_t uid{0};
  std::uint32_t gid{0};
  std::span<const std::uint32_t> groups;
  std::uint32_t umask{0022};
  std::uint64_t open_files{0};        // 0: the limit that the keeper was started with
  bool no_new_privileges{true};
};

// SCHED_RR, the lowest but one: enough to be woken before every ordinary process. A vfork'd child needs its turn as well, or a
// busy host delays each restart by several milliseconds (measured: p99 8 ms, against 0.2 ms so).
inline constexpr int keeper_run_priority = 2;

// What children get back that the keeper changed for itself at its start.
struct Inherited {
  std::uint64_t open_files_soft{1024};
  std::uint64_t open_files_hard{1024};
  int priority{0};               // nice value
  bool runs_first{false};        // the keeper runs at keeper_run_priority: children are made ordinary again
  bool resets_oom_score{false};  // the keeper runs with a score of its own (OOMScoreAdjust=-1000)
};

struct ProcessStart {
  pid_t pid{0};         // 0: not executed
  int error{0};         // errno of the step that failed, of execve mostly
};

// Leader of its own session and process group, stdin empty, default signals, no descriptor beyond 2. Blocks until exec or failure
// (tens of microseconds). Call from the keeper's only thread.
[[nodiscard]] ProcessStart start_process(const ProcessPlan& plan, const Inherited& inherited) noexcept;

}  // namespace watchbill::keeper
