// The areas that events and refusals belong to (design/events.md, first column) and the lanes in which commands wait.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "model/fields.h"

namespace watchbill {

enum class Area : std::uint8_t { engine, access, control, workload, rule, alert, route, binding, plan, approval, lease, mute };

template <>
struct Words<Area> {
  static constexpr std::array<std::string_view, 12> table{"engine", "access", "control", "workload", "rule", "alert",
                                                          "route", "binding", "plan", "approval", "lease", "mute"};
};
inline constexpr std::size_t area_count = Words<Area>::table.size();

// Served in this order (design/architecture.md, backpressure).
enum class Lane : std::uint8_t { outcomes, people, deadlines, answers, ingest };

template <>
struct Words<Lane> {
  static constexpr std::array<std::string_view, 5> table{"outcomes", "people", "deadlines", "answers", "ingest"};
};
inline constexpr std::size_t lane_count = Words<Lane>::table.size();

}  // namespace watchbill
