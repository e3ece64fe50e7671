// Output of workloads and effects: FIFOs below keeper/, one for each workload, two for each effect and the guarded controller.
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>

#include "keeper/acts.h"

namespace watchbill::keeper {
namespace {

constexpr std::uint64_t error_stream_bit = std::uint64_t{1} << 32;

// The keeper's end is O_RDWR too: without writers it then waits instead of seeing an end again and again.
int open_fifo(Keeper& keeper, const Workload& workload, const char* path, std::uint64_t tag) noexcept {
  if (mkfifo(path, 0600) != 0 && errno != EEXIST) return -1;
  const int fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
  struct stat status {};
  if (fd < 0 || fstat(fd, &status) != 0 || !S_ISFIFO(status.st_mode)) {
    if (fd >= 0) close(fd);
    return -1;
  }
  // The workload's account may open its /dev/stdout again.
  const bool has_account = keeper.is_root && workload.order.program.account;
  if (has_account && fchown(fd, workload.order.program.account->uid, static_cast<gid_t>(-1)) != 0) {
    close(fd);
    return -1;
  }
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = tag;
  if (epoll_ctl(keeper.outputs_fd, EPOLL_CTL_ADD, fd, &event) == 0) return fd;
  close(fd);
  return -1;
}

}  // namespace

OutputPath output_path(const Workload& workload, bool is_error_stream) noexcept {
  OutputPath path{};
  std::snprintf(path.data(), path.size(), "keeper/fifo/%s%s", workload.name.c_str(), is_error_stream ? "!err" : "");
  return path;
}

bool open_outputs(Keeper& keeper, Workload& workload) {
  if (workload.output_fd < 0)
    workload.output_fd = open_fifo(keeper, workload, output_path(workload, false).data(), workload.slot);
  const bool has_two = !workload.is_ordered();
  if (has_two && workload.error_fd < 0)
    workload.error_fd = open_fifo(keeper, workload, output_path(workload, true).data(), workload.slot | error_stream_bit);
  return workload.output_fd >= 0 && (!has_two || workload.error_fd >= 0);
}

void close_outputs(Keeper&, Workload& workload) noexcept {
  if (workload.output_fd >= 0) {
    close(workload.output_fd);
    unlink(output_path(workload, false).data());
    workload.output_fd = -1;
  }
  if (workload.error_fd >= 0) {
    close(workload.error_fd);
    unlink(output_path(workload, true).data());
    workload.error_fd = -1;
  }
  Effect* const effect = workload.effect.get();
  if (effect == nullptr) return;
  if (effect->capture != nullptr) unmap_capture(effect->capture);
  effect->capture = nullptr;
}

bool read_output(Keeper& keeper, Workload& workload, bool is_error_stream) {
  static std::array<char, 64U << 10> buffer;
  Effect* const effect = workload.effect.get();
  const int fd = is_error_stream ? workload.error_fd : workload.output_fd;
  if (fd < 0) return false;
  const ssize_t got = read(fd, buffer.data(), buffer.size());
  if (got <= 0) return false;
  const std::string_view bytes(buffer.data(), static_cast<std::size_t>(got));
  if (effect != nullptr) {
    if (effect->capture != nullptr) capture(is_error_stream ? effect->capture->err : effect->capture->out, bytes);
    return true;
  }
  if (workload.guarded != nullptr) pass_on_output(keeper, is_error_stream, bytes);
  const std::uint64_t discarded_before = workload.log.discarded_total;
  write_log(workload.order.log, workload.log, {workload.name, bytes, keeper.now, keeper.wall});
  if (workload.log.discarded_total != discarded_before) keeper.has_flood = true;
  const bool beats_by_output = workload.order.hang && workload.order.hang->heartbeat == wire::Heartbeat::output;
  if (beats_by_output && bytes.find('\n') != std::string_view::npos) beat(keeper, workload);
  // The first gap is told at once, then one in a while.
  if (workload.log.discarded_bytes != 0 && workload.due_at > workload.gap_told_at + keeper.limits.gap_report_every)
    schedule(keeper, workload);
  return true;
}

void drain_output(Keeper& keeper, Workload& workload) {
  // A FIFO holds 64 KiB: twice is everything that a group which has ended left behind.
  for (int i = 0; i < 2 && read_output(keeper, workload, false); ++i) {
  }
  for (int i = 0; i < 2 && workload.error_fd >= 0 && read_output(keeper, workload, true); ++i) {
  }
}

void pause_outputs(Keeper& keeper, bool pauses) noexcept {
  epoll_event event{};
  event.events = pauses ? 0U : static_cast<std::uint32_t>(EPOLLIN);
  event.data.u64 = event_tag(EventKind::outputs);
  (void)epoll_ctl(keeper.epoll_fd, EPOLL_CTL_MOD, keeper.outputs_fd, &event);
  keeper.pauses_outputs = pauses;
}

void serve_outputs(Keeper& keeper) {
  keeper.has_flood = false;
  std::array<epoll_event, 64> events{};
  const int room = static_cast<int>(std::min<std::size_t>(keeper.limits.outputs_per_turn, events.size()));
  const int count = epoll_wait(keeper.outputs_fd, events.data(), room, 0);
  for (int i = 0; i < count; ++i) {
    const std::uint64_t tag = events[static_cast<std::size_t>(i)].data.u64;
    Workload* const workload = keeper.slots[static_cast<std::uint32_t>(tag)].get();
    if (workload != nullptr) (void)read_output(keeper, *workload, (tag & error_stream_bit) != 0);
  }
  if (!keeper.has_flood) return;
  keeper.outputs_resume_at = keeper.now + keeper.limits.flood_pause;
  pause_outputs(keeper, true);
}

}  // namespace watchbill::keeper
