#include "supervise/health.h"

namespace watchbill::supervise {

bool observe(const HealthRule& rule, HealthState& state, ProbeResult result, Instant now) noexcept {
  const bool expired = expire(rule, state, now);
  if (result == ProbeResult::error) return expired;
  state.last_answer = now;
  const Health before = state.health;
  if (result == ProbeResult::pass) {
    state.fails = 0;
    if (state.passes < rule.rise_count) ++state.passes;
    if (state.passes >= rule.rise_count) state.health = Health::up;
  } else {
    state.passes = 0;
    if (state.fails < rule.fall_count) ++state.fails;
    if (state.fails >= rule.fall_count) state.health = Health::down;
  }
  return expired || state.health != before;
}

bool expire(const HealthRule& rule, HealthState& state, Instant now) noexcept {
  if (now - state.last_answer < rule.stale_after) return false;
  const bool changed = state.health != Health::unknown;
  state.health = Health::unknown;
  state.passes = 0;
  state.fails = 0;
  return changed;
}

Instant stale_at(const HealthRule& rule, const HealthState& state) noexcept {
  return state.health == Health::unknown ? Instant::never() : state.last_answer + rule.stale_after;
}

std::string_view word(Health health) noexcept {
  switch (health) {
    case Health::unknown: return "unknown";
    case Health::up: return "up";
    case Health::down: return "down";
  }
  return "unknown";
}

}  // namespace watchbill::supervise
