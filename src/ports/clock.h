// Two clocks of the host. Only the engine clock (engine/engine_clock.h) turns them into time that anything else sees.
#pragma once

#include <cstdint>

#include "base/time.h"

namespace watchbill::ports {

struct ClockReading {
  Instant wall;               // CLOCK_REALTIME: what people call the time; may be set
  std::int64_t boot_ms{0};    // CLOCK_BOOTTIME: goes on evenly, also while the host is suspended
};

// Any thread.
class ClockPort {
 public:
  virtual ~ClockPort() = default;
  [[nodiscard]] virtual ClockReading now() = 0;
};

}  // namespace watchbill::ports
