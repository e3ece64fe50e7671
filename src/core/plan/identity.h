// Names and pauses that follow from what they belong to: effect ids, run ids, delays of retries. Pure.
// Source: domain/plans.md §1 and §3.1.
#pragma once

#include <string>
#include <string_view>

#include "model/configuration_runbook.h"
#include "model/event_effect.h"

namespace watchbill::core::plan {

// What an effect id is computed from. `direction`: do, undo, verify, verify_undo; `group`: "1", of a cadence "G.N".
struct EffectName {
  std::string_view run;
  std::string_view action_path;
  std::string_view direction;
  std::string_view group;
};
// The first 16 bytes of sha256(run ‖ 00 ‖ path ‖ 00 ‖ direction ‖ 00 ‖ group), 32 hex digits.
[[nodiscard]] EffectId effect_id(const EffectName& name);

// The pause before attempt `attempt` ≥ 2: min(max, initial·factor^(attempt−2)) + floor(u·jitter), u from seed, id and attempt.
[[nodiscard]] Duration retry_delay(const RetryPolicy& retry, std::string_view seed, const EffectId& id, std::uint32_t attempt);

// "run-" and a ULID of this instant, with 80 bits of `random_hex` (at least 20 hex digits).
[[nodiscard]] std::string run_id(Instant at, std::string_view random_hex);
// True for "run-" and 26 letters of Crockford's alphabet, upper case.
[[nodiscard]] bool is_run_id(std::string_view text) noexcept;
// True for 16 lower-case hex digits.
[[nodiscard]] bool is_seed(std::string_view text) noexcept;

}  // namespace watchbill::core::plan
