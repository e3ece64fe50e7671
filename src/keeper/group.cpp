// Who belongs to a group, and signals to all of it.
//
// A member is the leader, its descendants, and whatever came to the keeper as an orphan (the keeper is a subreaper) and is known
// by its session, group or marker. So after the leader's end an orphan among the keeper's own children is the sign that members
// remain, which costs one read of the first thread's /proc/self/task/…/children instead of a look at every process of the host.
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

#include "keeper/acts.h"
#include "model/wire/leader_notes.h"

namespace watchbill::keeper {
namespace {

std::uint32_t slot_of_orphan(Keeper& keeper, pid_t pid, const ProcessStat& stat) {
  for (const auto& workload : keeper.slots) {
    if (workload == nullptr || workload->pid == 0) continue;
    if (workload->pid == stat.session || workload->pid == stat.group) return workload->slot;
  }
  static char buffer[160U << 10];
  Marker marker;
  if (!read_marker(pid, buffer, marker)) return no_slot;
  const Workload* const named = find_marked(keeper, marker);
  return named != nullptr ? named->slot : no_slot;
}

bool has_process_group(pid_t group) noexcept { return kill(-group, 0) == 0 || errno == EPERM; }

// The leader of an adopted workload, unless its pid belongs to somebody else by now.
bool is_adopted_leader_alive(const Workload& workload) noexcept {
  return !workload.is_leader_gone && start_ticks_of(workload.pid) == workload.start_ticks;
}

}  // namespace

void refresh_orphans(Keeper& keeper) {
  children_of_first_thread(keeper.children_scratch);
  for (const pid_t pid : keeper.children_scratch) {
    if (keeper.processes.find(pid) != nullptr) continue;
    ProcessStat stat;
    // A zombie is reaped in the next turn and takes its children's new parent from us anyway.
    if (!read_stat(pid, stat) || stat.state == 'Z') continue;
    const std::uint32_t slot = slot_of_orphan(keeper, pid, stat);
    keeper.processes.add({pid, ProcessKind::orphan, slot});
    if (slot == no_slot) ++keeper.stray_count;
    else ++keeper.slots[slot]->orphan_count;
  }
}

void list_members(Keeper& keeper, const Workload& workload, PidList& members) {
  if (workload.is_adopted) {
    const bool is_leader_alive = is_adopted_leader_alive(workload);
    if (is_leader_alive) members.add(workload.pid);
    // Without its leader the group's number may belong to strangers: then only the marker tells.
    add_marked(members, marker_of(keeper, workload), is_leader_alive ? workload.pid : 0);
  } else if (!workload.is_leader_gone) {
    members.add(workload.pid);
  }
  for (const ProcessEntry& entry : keeper.processes.all())
    if (entry.kind == ProcessKind::orphan && entry.slot == workload.slot) members.add(entry.pid);
  if (counts_cgroup(workload)) add_of_cgroup(members, workload.cgroup_directory.c_str());
  add_descendants(members);
}

bool is_attendant(const Workload& workload) noexcept {
  if (!workload.is_ordered() || workload.argv.size() < 2) return false;
  const std::string_view program = workload.argv.front();
  return program.substr(program.rfind('/') + 1) == wire::attendant_program;
}

// A unit's processes are members while its leader attends it. Without the leader they are while the unit is stopped, unless the
// leader has said how it ended: what a unit leaves behind on purpose (KillMode=process) when it has ended is nobody's to end.
bool counts_cgroup(const Workload& workload) noexcept {
  if (workload.cgroup_directory.empty()) return false;
  return !workload.is_leader_gone || (workload.state == wire::State::stopping && !workload.told_exit);
}

bool is_group_empty(Keeper& keeper, Workload& workload) {
  if (workload.pid == 0) return true;
  if (!workload.is_leader_gone || workload.orphan_count != 0) return false;
  if (!workload.is_adopted && !counts_cgroup(workload)) return !has_process_group(workload.pid);
  PidList members;
  list_members(keeper, workload, members);
  return members.size == 0;
}

void signal_leader(const Workload& workload, int signal) noexcept {
  if (workload.is_leader_gone) return;
  // A child that was not reaped keeps its pid; for an adopted leader the pidfd says the same.
  if (workload.pid_fd >= 0) (void)syscall(SYS_pidfd_send_signal, workload.pid_fd, signal, nullptr, 0);
  else (void)kill(workload.pid, signal);
}

void signal_group(Keeper& keeper, Workload& workload, int signal) {
  if (counts_cgroup(workload)) {
    // The leader has systemd stop the unit, in the unit's own way; it goes on first if it was stopped itself.
    if (signal != SIGKILL) {
      signal_leader(workload, signal);
      return signal_leader(workload, SIGCONT);
    }
    (void)kill_cgroup(workload.cgroup_directory.c_str());
  }
  PidList members;
  refresh_orphans(keeper);
  list_members(keeper, workload, members);
  const bool owns_group = workload.pid != 0 && !workload.is_adopted;
  // The group at once first: a member that forks meanwhile is in it.
  if (owns_group) (void)kill(-workload.pid, signal);
  for (const pid_t pid : members.all()) {
    if (owns_group && getpgid(pid) == workload.pid) continue;
    if (pid == workload.pid) signal_leader(workload, signal);
    else (void)kill(pid, signal);
  }
  // One that was stopped would answer TERM only when it goes on.
  if (signal == SIGKILL) return;
  if (owns_group) (void)kill(-workload.pid, SIGCONT);
  for (const pid_t pid : members.all()) (void)kill(pid, SIGCONT);
}

}  // namespace watchbill::keeper
