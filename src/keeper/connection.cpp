#include "keeper/connection.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "keeper/acts.h"

namespace watchbill::keeper {
namespace {

void close_connection(Keeper& keeper, Connection& connection) {
  close(connection.fd);
  const bool was_heard = connection.said_hello;
  keeper.connections[connection.index].reset();
  if (!was_heard || listener(keeper) != nullptr) return;
  // Nobody tells readiness any more, so nobody can say that it went on.
  for (const auto& workload : keeper.slots)
    if (workload != nullptr && workload->order.stability == wire::Stability::told)
      workload->restarts.broke(workload->rule.backoff.reset_after, keeper.now);
}

// A frame that is complete, or one that never will be, can be served without reading more.
bool has_frame(const Connection& connection) noexcept {
  wire::Frame frame;
  return wire::read_frame({connection.in.get(), connection.in_bytes}, frame) != wire::FrameStatus::incomplete;
}

void deliver_outcomes(Keeper& keeper, Connection& connection) {
  while (connection.awaiting.size < wire::unacknowledged_max) {
    std::uint64_t number = 0;
    const std::string_view frame = keeper.outcomes.after(connection.delivered_through, number);
    // Room for answers stays free, so that requests are served while reports wait.
    if (frame.empty() || connection.room() < 2 * wire::frame_bytes_max) return;
    char* const to = connection.out.get() + connection.out_end;
    if (frame[4] == static_cast<char>(wire::MessageType::effect_done)) {
      connection.out_end += write_effect_done(keeper, frame, {to, connection.room()});
    } else {
      std::memcpy(to, frame.data(), frame.size());
      connection.out_end += frame.size();
    }
    connection.delivered_through = number;
    (void)connection.awaiting.add(number);
  }
}

wire::WorkloadState state_of(const Keeper& keeper, const Workload& workload) noexcept {
  wire::WorkloadState state;
  state.name = workload.name;
  state.order_id = workload.order.order_id;
  state.started_order_id = workload.started_order_id;
  state.state = workload.state;
  state.incarnation = workload.incarnation;
  state.pid = workload.is_leader_gone ? 0 : workload.pid;
  state.start_ticks = workload.start_ticks;
  state.age = keeper.now - workload.started_at;
  if (workload.order.hang) state.last_beat_age = keeper.now - workload.beats.last_beat;
  state.has_beaten = workload.beats.has_beaten;
  state.is_ready = workload.is_ready;
  state.is_hung = workload.is_hung;
  state.is_adopted = workload.is_adopted;
  state.stop_phase = static_cast<wire::StopPhase>(workload.stop.phase);
  if (workload.state == wire::State::backoff) state.next_start_in = workload.next_start_at - keeper.now;
  state.restart_number = workload.restarts.count;
  state.restarts_in_window =
      workload.budget.used(workload.rule.limit ? workload.rule.limit->window : Duration::hours(1), keeper.now);
  state.output_discarded_bytes = workload.log.discarded_total;
  return state;
}

void send_snapshot(Keeper& keeper, Connection& connection) {
  const auto is_before = [](std::string_view name, const Workload* workload) { return name < workload->name; };
  auto at =
      std::upper_bound(keeper.by_name.begin(), keeper.by_name.end(), std::string_view(connection.snapshot_after), is_before);
  for (; at != keeper.by_name.end(); ++at) {
    if (!(*at)->is_ordered()) continue;
    if (connection.room() < 2 * wire::frame_bytes_max) return;
    (void)send(connection, connection.snapshot_number, state_of(keeper, **at));
    connection.snapshot_after.assign((*at)->name);
    ++connection.snapshot_count;
  }
  if (!send(connection, connection.snapshot_number, wire::SnapshotEnd{connection.snapshot_count, keeper.stray_count})) return;
  connection.has_snapshot = false;
}

// False when the other side is gone.
bool write_out(Connection& connection) noexcept {
  while (connection.out_begin != connection.out_end) {
    const ssize_t written = ::send(connection.fd, connection.out.get() + connection.out_begin,
                                   connection.out_end - connection.out_begin, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno == EAGAIN;
    connection.out_begin += static_cast<std::size_t>(written);
  }
  connection.out_begin = connection.out_end = 0;
  return true;
}

void make_room(Connection& connection) noexcept {
  if (connection.out_begin < connection_out_bytes / 2) return;
  std::memmove(connection.out.get(), connection.out.get() + connection.out_begin, connection.out_end - connection.out_begin);
  connection.out_end -= connection.out_begin;
  connection.out_begin = 0;
}

void ask_events(Keeper& keeper, Connection& connection) noexcept {
  std::uint32_t wanted = 0;
  if (connection.in_bytes < wire::frame_bytes_max && !connection.ends_after_flush) wanted |= EPOLLIN;
  if (connection.out_begin != connection.out_end) wanted |= EPOLLOUT;
  if (wanted == connection.epoll_events) return;
  epoll_event event{};
  event.events = wanted;
  event.data.u64 = event_tag(EventKind::connection, connection.index);
  (void)epoll_ctl(keeper.epoll_fd, EPOLL_CTL_MOD, connection.fd, &event);
  connection.epoll_events = wanted;
}

}  // namespace

void refuse(Connection& connection, std::uint64_t number, wire::Refusal reason, std::string_view detail) noexcept {
  wire::Refused refused{reason, detail, 0};
  if (reason == wire::Refusal::stale_epoch) refused.highest_epoch = connection.epoch;
  (void)send(connection, number, refused);
}

Connection* listener(Keeper& keeper) noexcept {
  Connection* best = nullptr;
  for (const auto& connection : keeper.connections) {
    if (connection == nullptr || !connection->said_hello || connection->epoch < keeper.epoch) continue;
    if (best == nullptr || connection->hello_order > best->hello_order) best = connection.get();
  }
  return best;
}

void accept_connections(Keeper& keeper) {
  for (;;) {
    const int fd = accept4(keeper.listen_fd, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return;
    ucred peer{};
    socklen_t size = sizeof peer;
    const bool is_owner = getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.uid == keeper.owner_uid;
    const auto free = std::find(keeper.connections.begin(), keeper.connections.end(), nullptr);
    if (!is_owner)
      std::fprintf(stderr, "watchbill-keeper: refused pid %d: uid %u is not the owner of the data directory\n", peer.pid,
                   peer.uid);
    if (!is_owner || free == keeper.connections.end()) {
      close(fd);
      continue;
    }
    *free = std::make_unique<Connection>();
    Connection& connection = **free;
    connection.fd = fd;
    connection.index = static_cast<std::uint32_t>(free - keeper.connections.begin());
    connection.generation = ++keeper.connection_generation;
    connection.peer_pid = peer.pid;
    connection.epoll_events = EPOLLIN;
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = event_tag(EventKind::connection, connection.index);
    if (epoll_ctl(keeper.epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0) close_connection(keeper, connection);
  }
}

void read_connection(Connection& connection) noexcept {
  while (connection.in_bytes < wire::frame_bytes_max) {
    const ssize_t got =
        recv(connection.fd, connection.in.get() + connection.in_bytes, wire::frame_bytes_max - connection.in_bytes, MSG_DONTWAIT);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) {
      connection.ends_after_flush = true;
      return;
    }
    connection.in_bytes += static_cast<std::size_t>(got);
  }
}

bool serve_connection(Keeper& keeper, Connection& connection) {
  std::size_t begin = 0;
  std::uint32_t served = 0;
  for (; served < keeper.limits.frames_per_turn && connection.room() >= wire::frame_bytes_max; ++served) {
    wire::Frame frame;
    const auto status = wire::read_frame({connection.in.get() + begin, connection.in_bytes - begin}, frame);
    if (status == wire::FrameStatus::incomplete) break;
    if (status == wire::FrameStatus::malformed) {
      refuse(connection, 0, wire::Refusal::too_large, "a frame's size is out of range; the connection ends");
      connection.ends_after_flush = true;
      begin = connection.in_bytes;
      break;
    }
    serve_request(keeper, connection, frame);
    begin += frame.size;
  }
  std::memmove(connection.in.get(), connection.in.get() + begin, connection.in_bytes - begin);
  connection.in_bytes -= begin;
  return has_frame(connection) && connection.room() >= wire::frame_bytes_max;
}

void flush_connections(Keeper& keeper) {
  for (std::size_t i = 0; i < keeper.connections.size(); ++i) {
    Connection* const connection = keeper.connections[i].get();
    if (connection == nullptr) continue;
    if (listener(keeper) == connection && !connection->ends_after_flush) deliver_outcomes(keeper, *connection);
    if (connection->has_snapshot) send_snapshot(keeper, *connection);
    const bool is_there = write_out(*connection);
    const bool is_done = connection->ends_after_flush && connection->out_begin == connection->out_end && !has_frame(*connection);
    if (!is_there || is_done) {
      close_connection(keeper, *connection);
      continue;
    }
    make_room(*connection);
    ask_events(keeper, *connection);
  }
}

}  // namespace watchbill::keeper
