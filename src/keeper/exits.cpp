// Exits: every child that ended is reaped first, then answered.
#include <sys/wait.h>

#include <csignal>
#include <vector>

#include "keeper/acts.h"

namespace watchbill::keeper {
namespace {

struct Exit {
  ProcessEntry entry;
  wire::ExitHow how;
  std::int32_t value;
};

bool reap_one(Exit& exit, bool& is_known, Keeper& keeper) noexcept {
  siginfo_t info{};
  if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG) != 0 || info.si_pid == 0) return false;
  exit.how = info.si_code == CLD_EXITED ? wire::ExitHow::code : wire::ExitHow::signal;
  exit.value = info.si_status;
  const ProcessEntry* const known = keeper.processes.find(info.si_pid);
  is_known = known != nullptr;
  // Otherwise an orphan that came and ended between two looks.
  exit.entry = known != nullptr ? *known : ProcessEntry{info.si_pid, ProcessKind::orphan, no_slot};
  keeper.processes.remove(info.si_pid);
  return true;
}

void orphan_ended(Keeper& keeper, const ProcessEntry& entry) {
  if (entry.slot != no_slot) --keeper.slots[entry.slot]->orphan_count;
  else if (keeper.stray_count != 0) --keeper.stray_count;
}

}  // namespace

void serve_exits(Keeper& keeper) {
  static std::vector<Exit> exits;  // keeps its room: no allocation for each exit
  exits.clear();
  const std::uint64_t seen_us = monotonic_us();
  bool has_leader = false;
  bool has_orphan = false;
  // Reaping one gives its own children to us, so it goes on until nothing is left.
  bool is_known = false;
  for (Exit exit{}; reap_one(exit, is_known, keeper);) {
    const bool is_orphan = exit.entry.kind == ProcessKind::orphan;
    if (is_orphan) {
      if (is_known) orphan_ended(keeper, exit.entry);
      has_orphan = true;
      continue;
    }
    has_leader = has_leader || exit.entry.kind == ProcessKind::leader;
    exits.push_back(exit);
  }
  if (has_leader || has_orphan) refresh_orphans(keeper);
  for (const Exit& exit : exits) {
    if (exit.entry.kind == ProcessKind::probe) {
      probe_exited(keeper, exit.entry.slot, exit.how, exit.value);
      continue;
    }
    Workload* const workload = keeper.slots[exit.entry.slot].get();
    if (workload == nullptr) continue;
    if (exit.entry.kind == ProcessKind::side) {
      if (workload->side.pid == exit.entry.pid) side_exited(keeper, *workload, exit.how, exit.value);
      continue;
    }
    workload->exit_seen_us = seen_us;
    leader_exited(keeper, *workload, exit.how, exit.value);
  }
  if (!has_orphan) return;
  for (const auto& workload : keeper.slots)
    if (workload != nullptr && workload->is_leader_gone && workload->is_active()) settle_group(keeper, *workload);
}

}  // namespace watchbill::keeper
