// Words of the workload area's state.
#pragma once

#include "model/workload_terms.h"

namespace watchbill::core::workload {

// What was asked and has not begun: it waits for the order before it, or for those that depend on the workload.
enum class Owed : std::uint8_t { nothing, start, stop, restart };

// What follows once a stopping group is empty: it stays so, is started again at once, or the standing order judges the failure.
enum class Ending : std::uint8_t { nothing, stay, again, judge };

}  // namespace watchbill::core::workload

template <>
struct watchbill::Words<watchbill::core::workload::Owed> {
  static constexpr std::array<std::string_view, 4> table{"nothing", "start", "stop", "restart"};
};
template <>
struct watchbill::Words<watchbill::core::workload::Ending> {
  static constexpr std::array<std::string_view, 4> table{"nothing", "stay", "again", "judge"};
};
