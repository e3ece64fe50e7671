// A hang is a missed heartbeat, never total runtime. Pure; times of one monotonic clock. Source: domain/supervision.md §5.
#pragma once

#include <optional>

#include "base/time.h"

namespace watchbill::supervise {

struct HangLimits {
  Duration timeout;      // more than 0
  Duration start_grace;  // until the first beat the limit is the greater of the two
};

// Dated by receipt, never by the beat's payload.
struct Beats {
  Instant last_beat;  // the start of the incarnation, until the first beat
  bool has_beaten{false};

  [[nodiscard]] static Beats since_start(Instant started_at) noexcept { return {started_at, false}; }
  // A receipt before the last one counts as one at the last: time does not go back.
  void beat(Instant received_at) noexcept;
};

struct Hang {
  Duration silence;
  Duration limit;
};

// The silence that is allowed now.
[[nodiscard]] Duration hang_limit(const HangLimits& limits, const Beats& beats) noexcept;

// The first instant at which judge() declares a hang, unless a beat comes before.
[[nodiscard]] Instant hang_due(const HangLimits& limits, const Beats& beats) noexcept;

// A hang when now - last_beat >= the limit. The caller reads what waits in its sockets first. Fixture: hang.json.
[[nodiscard]] std::optional<Hang> judge_hang(const HangLimits& limits, const Beats& beats, Instant now) noexcept;

}  // namespace watchbill::supervise
