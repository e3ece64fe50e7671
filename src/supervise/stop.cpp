#include "supervise/stop.h"

#include <algorithm>

namespace watchbill::supervise {
namespace {

// What is left of a layer at the shutdown deadline has this long between TERM and KILL.
constexpr Duration hastened_grace = Duration::milliseconds(500);

StopAction terminate(StopState& state, Duration grace, Instant now) noexcept {
  state.phase = StopPhase::terminating;
  state.phase_until = now + grace;
  return StopAction::send_term;
}

StopAction kill(const StopRule& rule, StopState& state, Instant now) noexcept {
  state.phase = StopPhase::killing;
  state.phase_until = now + rule.kill_grace;
  state.next_kill = now + kill_repeat;
  return StopAction::send_kill;
}

StopAction go_on_killing(StopState& state, Instant now) noexcept {
  if (state.phase == StopPhase::killing && now >= state.phase_until) {
    state.phase = StopPhase::unkillable;
    return StopAction::report_unkillable;
  }
  if (now < state.next_kill) return StopAction::none;
  // Nobody waits for one that KILL did not end, so it is asked less often.
  state.next_kill = now + (state.phase == StopPhase::killing ? kill_repeat : kill_repeat * 20);
  return StopAction::send_kill;
}

}  // namespace

StopAction begin_stop(const StopRule& rule, StopState& state, bool skips_pre_stop, Instant now) noexcept {
  state = StopState{};
  state.began_at = now;
  if (!rule.has_pre_stop || skips_pre_stop) return terminate(state, rule.grace, now);
  state.phase = StopPhase::pre_stop;
  state.phase_until = now + rule.pre_stop_timeout;
  return StopAction::run_pre_stop;
}

StopAction advance_stop(const StopRule& rule, StopState& state, const StopSeen& seen, Instant now) noexcept {
  if (state.phase == StopPhase::none) return StopAction::none;
  if (seen.is_group_empty) {
    state.phase = StopPhase::none;
    return StopAction::finished;
  }
  const bool is_over = now >= state.phase_until;
  switch (state.phase) {
    case StopPhase::none: return StopAction::none;
    case StopPhase::pre_stop: return seen.is_step_done || is_over ? terminate(state, rule.grace, now) : StopAction::none;
    case StopPhase::terminating:
      if (!is_over) return StopAction::none;
      state.phase = StopPhase::diagnosing;
      state.phase_until = now + diagnosis_max;
      return StopAction::diagnose;
    case StopPhase::diagnosing: return seen.is_step_done || is_over ? kill(rule, state, now) : StopAction::none;
    case StopPhase::killing:
    case StopPhase::unkillable: return go_on_killing(state, now);
  }
  return StopAction::none;
}

StopAction hasten_stop(StopState& state, Instant now) noexcept {
  switch (state.phase) {
    case StopPhase::none:
    case StopPhase::pre_stop: return terminate(state, hastened_grace, now);
    case StopPhase::terminating:
      state.phase_until = std::min(state.phase_until, now + hastened_grace);
      return StopAction::send_term;
    case StopPhase::diagnosing:
    case StopPhase::killing:
    case StopPhase::unkillable: return StopAction::none;
  }
  return StopAction::none;
}

Instant stop_due(const StopState& state) noexcept {
  switch (state.phase) {
    case StopPhase::none: return Instant::never();
    case StopPhase::pre_stop:
    case StopPhase::terminating:
    case StopPhase::diagnosing: return state.phase_until;
    case StopPhase::killing: return std::min(state.phase_until, state.next_kill);
    case StopPhase::unkillable: return state.next_kill;
  }
  return Instant::never();
}

std::string_view word(StopPhase phase) noexcept {
  switch (phase) {
    case StopPhase::none: return "none";
    case StopPhase::pre_stop: return "pre_stop";
    case StopPhase::terminating: return "terminating";
    case StopPhase::diagnosing: return "diagnosing";
    case StopPhase::killing: return "killing";
    case StopPhase::unkillable: return "unkillable";
  }
  return "none";
}

}  // namespace watchbill::supervise
