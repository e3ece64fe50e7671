// The host's clocks and its source of random bytes.
#pragma once

#include <string>

#include "ports/clock.h"
#include "ports/effects.h"

namespace watchbill::drivers::system {

// CLOCK_REALTIME and CLOCK_BOOTTIME. Any thread.
class SystemClock final : public ports::ClockPort {
 public:
  [[nodiscard]] ports::ClockReading now() override;
};

// getrandom(2). Any thread.
class SystemEntropy final : public ports::EntropyPort {
 public:
  [[nodiscard]] std::string hex32() override;
};

}  // namespace watchbill::drivers::system
