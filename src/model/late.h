// What of a plan only its run can know.
#pragma once

#include "model/plan_value.h"

namespace watchbill {

// Whether a value, or a part of it, is known to the run alone.
[[nodiscard]] bool is_late(const PlanValue& value) noexcept;
// Whether one of these is.
[[nodiscard]] bool is_late(const PlanValues& values) noexcept;

}  // namespace watchbill
