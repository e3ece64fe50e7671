#include "engine/engine_clock.h"

#include <algorithm>
#include <cstdlib>

namespace watchbill::engine {
namespace {
constexpr Duration step_min = Duration::seconds(30);
constexpr std::int64_t slew_divisor = 10;
}  // namespace

EngineClock::EngineClock(ports::ClockReading start, Instant last_record)
    : time_(std::max(start.wall, last_record)),
      boot_ms_(start.boot_ms),
      offset_(start.wall - time_),
      started_ahead_(time_ - start.wall) {}

Instant EngineClock::at(ports::ClockReading reading) {
  const std::int64_t passed = std::max<std::int64_t>(reading.boot_ms - boot_ms_, 0);
  boot_ms_ = std::max(reading.boot_ms, boot_ms_);
  time_ = time_ + Duration{passed};
  const Duration off = (reading.wall - time_) - offset_;  // how far the wall has moved against us
  if (std::abs(off.ms) > step_min.ms) {
    jump_ = ClockJump{off, reading.wall};
    offset_ = offset_ + off;
    return time_;
  }
  // Follow a small difference by at most a tenth of the time that passed, in whole milliseconds; the rest of the tenth is kept.
  slew_rest_ += passed;
  const std::int64_t slew_max = slew_rest_ / slew_divisor;
  slew_rest_ %= slew_divisor;
  const std::int64_t slew = std::clamp(off.ms, -std::min(slew_max, passed), slew_max);
  time_ = time_ + Duration{slew};
  return time_;
}

std::optional<ClockJump> EngineClock::take_jump() {
  const std::optional<ClockJump> jump = jump_;
  jump_.reset();
  return jump;
}

}  // namespace watchbill::engine
