// What people are told when the engine's time is not the host's: samples and records have the engine's, which keeps its pace
// whatever happens to the wall clock (engine/engine_clock.h).
#pragma once

#include <string>

#include "base/time.h"

namespace watchbill::api {

// A smaller difference is followed by slewing.
inline constexpr Duration clock_off_max = Duration::seconds(30);

// "clock: the engine's time is 1h ahead of this host's clock …", with the way out.
[[nodiscard]] std::string clock_warning(Duration ahead);

}  // namespace watchbill::api
