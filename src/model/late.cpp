#include "model/late.h"

#include <algorithm>

namespace watchbill {

// Values nest at most plan_value_depth_max deep.
bool is_late(const PlanValue& value) noexcept {
  if (const PlanValue::List* list = value.as_list())
    return std::any_of(list->begin(), list->end(), [](const PlanValue& each) { return is_late(each); });
  if (const PlanValue::Map* map = value.as_map()) return is_late(*map);
  return value.as_late() != nullptr;
}

bool is_late(const PlanValues& values) noexcept {
  return std::any_of(values.begin(), values.end(), [](const auto& each) { return is_late(each.second); });
}

}  // namespace watchbill
