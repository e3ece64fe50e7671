// Verbs on runs, plans and approvals: they ask a running controller. Source: design/commands.md, domain/plans.md §10.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/online.h"

namespace watchbill::cli {

struct RunArguments {
  std::string subject;                  // the runbook, or the id of a run or a plan
  std::string other;                    // plan, of diff
  std::vector<std::string> parameters;  // NAME=VALUE
  bool dry_run{false};
  bool waits{false};                    // for the end: its exit code is ours
  std::string timeout;                  // of waiting; empty: none
  std::string reason;
  std::string request_id;
  std::string state;                    // of list
  std::string step, answer;             // of resolve
  std::string digest;                   // of approve
  bool rejects{false}, withdraws{false}, accepts_irreversible{false};
};

// `run RUNBOOK`. With waits the exit code is that of the run: done 0; failed, compensated, left, held 1; refused, aborted 3 (no
// place in the queue 4); held by an unknown outcome 5; still under way after `timeout` 75.
[[nodiscard]] ExitCode run_start(Terminal& terminal, World& world, const ServerArguments& server, const RunArguments& run);
// `run list`, `run show ID`.
[[nodiscard]] ExitCode run_list(Terminal& terminal, World& world, const ServerArguments& server, const RunArguments& run);
[[nodiscard]] ExitCode run_show(Terminal& terminal, World& world, const ServerArguments& server, const RunArguments& run);
// `run resume ID`, `run resolve ID`, `cancel ID`.
[[nodiscard]] ExitCode run_resume(Terminal& terminal, World& world, const ServerArguments& server, const RunArguments& run);
[[nodiscard]] ExitCode run_resolve(Terminal& terminal, World& world, const ServerArguments& server, const RunArguments& run);
[[nodiscard]] ExitCode run_cancel(Terminal& terminal, World& world, const ServerArguments& server, const RunArguments& run);
// `approve ID`: a yes to the digest, a no, or one's own yes taken back.
[[nodiscard]] ExitCode approve(Terminal& terminal, World& world, const ServerArguments& server, const RunArguments& run);
// `plan list`: those of the runs in state, and those that are only suggested, with the command that takes each.
[[nodiscard]] ExitCode plan_list(Terminal& terminal, World& world, const ServerArguments& server, const RunArguments& run);
// `plan diff A B`: each place where they differ; 0 when they are the same, 1 when not.
[[nodiscard]] ExitCode plan_diff(Terminal& terminal, World& world, const ServerArguments& server, const RunArguments& run);
// `plan show ID`: a digest, or a run whose plan is meant.
[[nodiscard]] ExitCode plan_show(Terminal& terminal, World& world, const ServerArguments& server, const RunArguments& run);

}  // namespace watchbill::cli
