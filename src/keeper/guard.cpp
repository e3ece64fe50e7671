// The guarded controller and its guardians: `serve --supervised` without systemd. It is a workload as any other, but no agent
// orders it, sees it or counts it, and it is told to guardians only. Source: domain/supervision.md §8.
#include <algorithm>
#include <csignal>
#include <cstdio>

#include "keeper/acts.h"

namespace watchbill::keeper {
namespace {

wire::ControllerState state_of(const Keeper& keeper, const Workload& guarded) noexcept {
  wire::ControllerState state;
  state.state = guarded.state;
  state.incarnation = guarded.incarnation;
  state.pid = guarded.is_leader_gone ? 0 : guarded.pid;
  state.is_adopted = guarded.is_adopted;
  state.how = guarded.how;
  state.value = guarded.value;
  state.starts_in_window =
      guarded.budget.used(guarded.rule.limit ? guarded.rule.limit->window : Duration::hours(1), keeper.now);
  if (guarded.state == wire::State::backoff) state.next_start_in = guarded.next_start_at - keeper.now;
  return state;
}

bool has_another_guardian(const Keeper& keeper, const Connection& connection) noexcept {
  return std::any_of(keeper.connections.begin(), keeper.connections.end(), [&](const auto& each) {
    return each != nullptr && each.get() != &connection && each->is_guardian;
  });
}

void serve_guard_controller(Keeper& keeper, Connection& connection, const wire::Frame& frame) {
  wire::GuardController guard;
  if (!wire::read_message(frame.body, guard))
    return refuse(connection, frame.number, wire::Refusal::malformed, "guard_controller");
  std::string_view detail;
  if (const auto refusal = check_terms(keeper, order_of(guard), detail))
    return refuse(connection, frame.number, *refusal, detail);
  const Workload* const known = find_guarded(keeper);
  if (known != nullptr && known->is_active()) {
    if (has_another_guardian(keeper, connection))
      return refuse(connection, frame.number, wire::Refusal::already_running, "a controller is guarded already, and followed");
    // Who asked for it is gone: this one follows what runs on.
    Workload& followed = take_guarded(keeper, frame.body);
    record_order(keeper, followed);
    (void)send(connection, frame.number, wire::Accepted{});
    (void)send(connection, 0, state_of(keeper, followed));
    return;
  }
  Workload& workload = take_guarded(keeper, frame.body);
  workload.budget.clear();
  workload.budget.count(keeper.now);
  workload.restarts = supervise::RestartCount{};
  record_order(keeper, workload);
  (void)send(connection, frame.number, wire::Accepted{});
  start_workload(keeper, workload, workload.incarnation + 1, wire::StartCause::asked);
}

void serve_signal_controller(Keeper& keeper, Connection& connection, const wire::Frame& frame) {
  wire::SignalController asked;
  if (!wire::read_message(frame.body, asked) || asked.signal < 1 || asked.signal > 64)
    return refuse(connection, frame.number, wire::Refusal::malformed, "signal_controller");
  const Workload* const guarded = find_guarded(keeper);
  if (guarded == nullptr || guarded->is_leader_gone) return refuse(connection, frame.number, wire::Refusal::not_running, "");
  signal_leader(*guarded, static_cast<int>(asked.signal));
  (void)send(connection, frame.number, wire::Accepted{});
}

void serve_end_controller(Keeper& keeper, Connection& connection, const wire::Frame& frame) {
  if (!frame.body.empty()) return refuse(connection, frame.number, wire::Refusal::malformed, "end_controller");
  Workload* const guarded = find_guarded(keeper);
  if (guarded == nullptr || !guarded->is_active())
    return refuse(connection, frame.number, wire::Refusal::not_running, "");
  (void)send(connection, frame.number, wire::Accepted{});
  begin_stop(keeper, *guarded, supervise::EndReason::cancelled, wire::Afterwards::stay_stopped);
}

}  // namespace

Workload* find_guarded(Keeper& keeper) noexcept { return find_workload(keeper, wire::guarded_name); }

wire::StandingOrder order_of(const wire::GuardController& guard) noexcept {
  wire::StandingOrder order;
  order.name = wire::guarded_name;
  order.program = guard.program;
  order.restart = guard.restart;
  order.stop.grace = guard.stop_grace;
  (void)order.success_exit_codes.add(0);
  return order;
}

void tell_guardians(Keeper& keeper, const Workload& guarded) noexcept {
  const wire::ControllerState state = state_of(keeper, guarded);
  bool is_heard = false;
  for (const auto& connection : keeper.connections) {
    if (connection == nullptr || !connection->is_guardian) continue;
    is_heard = true;
    (void)send(*connection, 0, state);
  }
  if (is_heard || guarded.state != wire::State::failed) return;
  std::fprintf(stderr, "watchbill-keeper: the controller is not started again: it ended with %s %d; see logs/%s.log\n",
               guarded.how == wire::ExitHow::signal ? "signal" : "exit code", guarded.value, guarded.name.c_str());
}

void pass_on_output(Keeper& keeper, bool is_error_stream, std::string_view bytes) noexcept {
  for (const auto& connection : keeper.connections) {
    if (connection == nullptr || !connection->is_guardian) continue;
    const wire::ControllerOutput output{is_error_stream, connection->omitted_bytes, bytes};
    // Half of the room stays for answers and news.
    const bool is_sent = connection->room() > connection_out_bytes / 2 && send(*connection, 0, output);
    connection->omitted_bytes = is_sent ? 0 : connection->omitted_bytes + bytes.size();
  }
}

void serve_guard_hello(Keeper& keeper, Connection& connection, const wire::Frame& frame) {
  wire::GuardHello hello;
  if (!wire::read_message(frame.body, hello)) return refuse(connection, frame.number, wire::Refusal::malformed, "guard_hello");
  if (hello.protocol != wire::protocol_version)
    return refuse(connection, frame.number, wire::Refusal::version_unsupported, "this keeper speaks version 1 of the protocol");
  (void)send(connection, frame.number, welcome_of(keeper, connection));
  connection.is_guardian = true;
  const Workload* const guarded = find_guarded(keeper);
  (void)send(connection, 0, guarded != nullptr ? state_of(keeper, *guarded) : wire::ControllerState{});
}

void serve_guardian(Keeper& keeper, Connection& connection, const wire::Frame& frame) {
  switch (frame.type) {
    case wire::MessageType::guard_controller: return serve_guard_controller(keeper, connection, frame);
    case wire::MessageType::signal_controller: return serve_signal_controller(keeper, connection, frame);
    case wire::MessageType::end_controller: return serve_end_controller(keeper, connection, frame);
    default: return refuse(connection, frame.number, wire::Refusal::malformed, "this message is not a guardian's request");
  }
}

}  // namespace watchbill::keeper
