// The health that a probe's results add up to: rise, fall, error and staleness. Pure. Source: domain/supervision.md §6.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/time.h"

namespace watchbill::supervise {

enum class Health : std::uint8_t { unknown, up, down };

// `error`: the prober could not ask. It neither advances nor breaks a run of passes or fails, and refreshes nothing.
enum class ProbeResult : std::uint8_t { pass, fail, error };

struct HealthRule {
  std::uint32_t rise_count{2};  // at least 1
  std::uint32_t fall_count{3};  // at least 1
  Duration stale_after{Duration::seconds(30)};
};

struct HealthState {
  Health health{Health::unknown};
  std::uint32_t passes{0};  // consecutive; errors between do not count
  std::uint32_t fails{0};
  Instant last_answer;      // the last pass or fail; the begin of probing before any

  // Nothing is known yet; staleness counts from `now`.
  [[nodiscard]] static HealthState begin(Instant now) noexcept { return {Health::unknown, 0, 0, now}; }
};

// Takes one result received at `now`; true when the health changed. Staleness up to `now` is applied first.
// Fixture: probes-and-budget.json.
bool observe(const HealthRule& rule, HealthState& state, ProbeResult result, Instant now) noexcept;

// Falls back to unknown, both runs at zero, once stale_after has passed without an answer; true when the health changed.
bool expire(const HealthRule& rule, HealthState& state, Instant now) noexcept;

// When expire() is due next; Instant::never() while health is unknown.
[[nodiscard]] Instant stale_at(const HealthRule& rule, const HealthState& state) noexcept;

// "unknown", "up", "down".
[[nodiscard]] std::string_view word(Health health) noexcept;

}  // namespace watchbill::supervise
