// The types of all messages. A value is a byte of the protocol: new ones are added at the end.
#pragma once

#include <cstdint>

namespace watchbill::model::wire {

// Requests, then answers, then reports, then what came later; `none` is what a reader makes of a type that it does not know.
enum class MessageType : std::uint8_t {
  none,
  hello,
  give_order,
  forget_order,
  start,
  stop,
  signal,
  tell_stable,
  exec,
  probe,
  query_effect,
  acknowledge,
  ask_snapshot,
  replace,
  welcome,
  accepted,
  refused,
  effect_known,
  probe_done,
  workload_state,
  snapshot_end,
  started,
  exited,
  restart_decided,
  settled,
  hung,
  stop_advanced,
  diagnosed,
  output_gap,
  hook_failed,
  became_ready,
  beat,
  task_noted,
  effect_done,
  adopted,
  unlogged,
  outcomes_dropped,
  replaced,
  end_effect,
  guard_hello,
  guard_controller,
  signal_controller,
  end_controller,
  controller_state,
  controller_output,
};
constexpr MessageType last_value(MessageType) noexcept { return MessageType::controller_output; }

}  // namespace watchbill::model::wire
