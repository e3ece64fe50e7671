// The engine clock: the only time the core knows. It keeps its pace whatever the wall clock does (design/architecture.md,
// Determinism).
#pragma once

#include <optional>

#include "base/time.h"
#include "ports/clock.h"

namespace watchbill::engine {

// A wall clock that was set by more than 30 s.
struct ClockJump {
  Duration by;
  Instant wall;
};

// Anchored at max(wall, last record), then driven by CLOCK_BOOTTIME. A wall that is off by up to 30 s is followed by slewing, at
// most one tenth of the time that passed; a larger step is reported and from then on only displayed time follows it. Never goes
// back.
class EngineClock {
 public:
  EngineClock(ports::ClockReading start, Instant last_record);

  // The engine's time at this reading; readings come in the order of boot_ms.
  [[nodiscard]] Instant at(ports::ClockReading reading);
  // The jump that the last at() found, once.
  [[nodiscard]] std::optional<ClockJump> take_jump();
  // How far the last record was ahead of the wall at start; 0 when it was not.
  [[nodiscard]] Duration started_ahead() const noexcept { return started_ahead_; }

 private:
  Instant time_;
  std::int64_t boot_ms_;
  Duration offset_;       // wall minus engine time that is accepted: what steps and a start ahead have left
  Duration started_ahead_;
  std::int64_t slew_rest_{0};  // tenths of a millisecond not yet slewed
  std::optional<ClockJump> jump_;
};

}  // namespace watchbill::engine
