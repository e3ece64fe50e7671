#include "supervise/hang.h"

#include <algorithm>

namespace watchbill::supervise {

void Beats::beat(Instant received_at) noexcept {
  last_beat = std::max(last_beat, received_at);
  has_beaten = true;
}

Duration hang_limit(const HangLimits& limits, const Beats& beats) noexcept {
  return beats.has_beaten ? limits.timeout : std::max(limits.timeout, limits.start_grace);
}

Instant hang_due(const HangLimits& limits, const Beats& beats) noexcept { return beats.last_beat + hang_limit(limits, beats); }

std::optional<Hang> judge_hang(const HangLimits& limits, const Beats& beats, Instant now) noexcept {
  const Hang hang{now - beats.last_beat, hang_limit(limits, beats)};
  if (hang.silence < hang.limit) return std::nullopt;
  return hang;
}

}  // namespace watchbill::supervise
