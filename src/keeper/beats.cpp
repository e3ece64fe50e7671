// What workloads say of themselves: datagrams on the one notify socket, files that change; and the judgement over them.
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstring>
#include <string_view>

#include "keeper/acts.h"
#include "model/wire/leader_notes.h"

namespace watchbill::keeper {
namespace {

constexpr std::size_t datagram_bytes_max = 4096;
constexpr std::size_t note_bytes_max = 512;
constexpr std::uint32_t notes_per_second_max = 20;
constexpr Duration beat_told_every = Duration::seconds(1);
// Before a hang is declared everything that waits is read; the kernel queues far fewer datagrams than this.
constexpr std::uint32_t datagrams_before_judgement = 4096;

// The workload that a sender belongs to: by its pid, its session, or its marker. Null for strangers and for senders that are
// gone.
Workload* workload_of_sender(Keeper& keeper, pid_t pid) {
  for (const pid_t candidate : {pid, getsid(pid)}) {
    const ProcessEntry* const entry = candidate > 0 ? keeper.processes.find(candidate) : nullptr;
    if (entry != nullptr && entry->kind != ProcessKind::probe && entry->slot != no_slot) return keeper.slots[entry->slot].get();
  }
  static std::array<char, 160U << 10> buffer;
  Marker marker;
  if (read_marker(pid, buffer, marker)) return find_marked(keeper, marker);
  // An adopted leader is no child, and may have ended before what it sent is read.
  for (const auto& workload : keeper.slots)
    if (workload != nullptr && workload->is_adopted && workload->pid == pid && workload->is_active()) return workload.get();
  return nullptr;
}

void note_task(Keeper& keeper, Workload& workload, pid_t pid, std::string_view note) {
  const std::int64_t second = keeper.now.ms / 1000;
  if (workload.notes_second != second) {
    workload.notes_second = second;
    workload.notes_in_second = 0;
  }
  if (++workload.notes_in_second > notes_per_second_max) {
    ++workload.notes_dropped;
    return;
  }
  (void)tell_numbered(keeper,
                      wire::TaskNoted{head_of(keeper, workload), pid, note.substr(0, note_bytes_max), workload.notes_dropped});
  workload.notes_dropped = 0;
}

// The value of "EXIT_STATUS=0".
void note_exit_status(Workload& workload, std::string_view value) noexcept {
  std::int32_t code = 0;
  const auto [after, failure] = std::from_chars(value.data(), value.data() + value.size(), code);
  if (failure == std::errc{} && after == value.data() + value.size() && code >= 0 && code <= 255) workload.told_exit = code;
}

// What is named here gets KILL: the control group of a service, and never the keeper's own or one above it.
void note_cgroup(Keeper& keeper, Workload& workload, std::string_view directory) {
  if (directory == workload.cgroup_directory || !is_cgroup_of_others(directory)) return;
  workload.cgroup_directory.assign(directory);
  record_cgroup(keeper, workload);
}

void take_line(Keeper& keeper, Workload& workload, const ucred& sender, std::string_view line) {
  constexpr std::string_view task = "WATCHBILL_TASK=";
  // Of others these are the words of whoever wants a crash to look well, or a stranger's processes killed.
  const bool may_say_more = sender.pid == workload.pid && (workload.guarded != nullptr || is_attendant(workload));
  if (line == "WATCHDOG=1") {
    if (workload.order.hang && workload.order.hang->heartbeat == wire::Heartbeat::notify) beat(keeper, workload);
  } else if (may_say_more && line.substr(0, wire::exit_status_note.size()) == wire::exit_status_note) {
    note_exit_status(workload, line.substr(wire::exit_status_note.size()));
  } else if (workload.guarded != nullptr) {
    return;
  } else if (line == "READY=1") {
    if (workload.is_ready) return;
    workload.is_ready = true;
    if (workload.order.stability == wire::Stability::notify) workload.restarts.became_stable(keeper.now);
    tell(keeper, wire::BecameReady{head_of(keeper, workload)});
  } else if (line.substr(0, task.size()) == task && line.size() > task.size()) {
    note_task(keeper, workload, sender.pid, line.substr(task.size()));
  } else if (may_say_more && line.substr(0, wire::cgroup_note.size()) == wire::cgroup_note) {
    if (sender.uid == 0 || sender.uid == geteuid()) note_cgroup(keeper, workload, line.substr(wire::cgroup_note.size()));
  }
}

// One datagram; false when none waits.
bool take_datagram(Keeper& keeper) {
  char text[datagram_bytes_max];
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(ucred))];
  iovec part{text, sizeof text};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  const ssize_t got = recvmsg(keeper.notify_fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (got < 0) return false;
  ucred sender{};
  for (cmsghdr* item = CMSG_FIRSTHDR(&message); item != nullptr; item = CMSG_NXTHDR(&message, item))
    if (item->cmsg_level == SOL_SOCKET && item->cmsg_type == SCM_CREDENTIALS)
      std::memcpy(&sender, CMSG_DATA(item), sizeof sender);
  Workload* const workload = sender.pid > 0 ? workload_of_sender(keeper, sender.pid) : nullptr;
  if (workload == nullptr || workload->pid == 0 || !workload->is_active()) return true;
  std::string_view rest(text, static_cast<std::size_t>(got));
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    take_line(keeper, *workload, sender, line);
  }
  return true;
}

}  // namespace

void serve_notify(Keeper& keeper, std::uint32_t count_max) {
  for (std::uint32_t i = 0; i < count_max && take_datagram(keeper); ++i) {
  }
}

void beat(Keeper& keeper, Workload& workload) {
  // The first beat brings the shorter limit, and one after a hang brings judgement back; later ones move nothing before it is
  // due.
  const bool changes_due = !workload.beats.has_beaten || workload.is_hung;
  workload.beats.beat(keeper.now);
  workload.is_hung = false;
  if (changes_due) schedule(keeper, workload);
  if (keeper.now - workload.beat_told_at < beat_told_every) return;
  workload.beat_told_at = keeper.now;
  tell(keeper, wire::Beat{head_of(keeper, workload)});
}

void check_heartbeat_file(Keeper& keeper, Workload& workload) {
  workload.file_checked_at = keeper.now;
  struct stat status {};
  if (stat(workload.heartbeat_file.c_str(), &status) != 0) return;
  const std::int64_t changed_ns = std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec;
  const bool has_changed = changed_ns != workload.file_changed_ns || status.st_size != workload.file_bytes;
  const bool is_first_look = workload.file_bytes < 0;
  workload.file_changed_ns = changed_ns;
  workload.file_bytes = status.st_size;
  // What the file was before the start says nothing of this incarnation.
  const bool is_older = is_first_look && changed_ns / 1'000'000 < workload.started_at_wall.ms;
  if (has_changed && !is_older) beat(keeper, workload);
}

void judge(Keeper& keeper, Workload& workload) {
  const wire::StandingOrder& order = workload.order;
  if (order.max_runtime && keeper.now >= workload.started_at + *order.max_runtime)
    return begin_stop(keeper, workload, supervise::EndReason::runtime_exceeded, wire::Afterwards::judge);
  if (!order.hang) return;
  const supervise::HangLimits limits{order.hang->timeout, order.hang->start_grace};
  const bool is_file = order.hang->heartbeat == wire::Heartbeat::file;
  if (is_file) check_heartbeat_file(keeper, workload);
  if (workload.is_hung || keeper.now < supervise::hang_due(limits, workload.beats)) return;
  // Beats that arrived while this process was stopped or busy count.
  if (order.hang->heartbeat == wire::Heartbeat::notify) serve_notify(keeper, datagrams_before_judgement);
  if (order.hang->heartbeat == wire::Heartbeat::output) drain_output(keeper, workload);
  const auto hang = supervise::judge_hang(limits, workload.beats, keeper.now);
  if (!hang) return;
  workload.is_hung = true;
  (void)tell_numbered(keeper, wire::Hung{head_of(keeper, workload), hang->silence, hang->limit, order.hang->action});
  if (order.hang->action != wire::HangAction::alert)
    begin_stop(keeper, workload, supervise::EndReason::hang, wire::Afterwards::judge);
}

}  // namespace watchbill::keeper
