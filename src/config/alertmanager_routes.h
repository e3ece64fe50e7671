// The routes of an Alertmanager file: first each as it is written, then all of them with what they inherit written out.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "config/alertmanager_matchers.h"
#include "config/cursor.h"
#include "config/reader.h"
#include "model/configuration_routing.h"

namespace watchbill::config {

// Of one file; beyond them it is refused. All siblings may have to be asked for every alert, and the largest public files have
// some hundred routes, four levels deep.
inline constexpr std::size_t routes_max = 10'000;
inline constexpr std::size_t route_levels_max = 32;  // the root is the first

// One route as it is written; what is empty is inherited.
struct RouteKeys {
  std::vector<std::string> active_time_intervals;
  std::vector<RouteKeys> children;
  bool goes_on{false};             // continue
  std::vector<std::string> group_by;  // sorted
  std::optional<Duration> group_interval;
  std::optional<Duration> group_wait;
  WrittenMatchers matchers;
  std::vector<std::string> mute_time_intervals;
  std::string receiver;
  std::optional<Duration> repeat_interval;
};

// Reads a route and all below it.
void read_route_keys(const Cursor& at, RouteKeys& out);

// What routes may name.
struct RouteNames {
  std::span<const std::string_view> receivers;
  std::span<const std::string_view> time_intervals;
};

// The tree below the root route, which `at` stands at and `keys` holds: RoutingConfiguration.routes. Complains about names
// that are not among `names`, a root that is no root, and too many routes; warns of routes that no alert gets to
// (unreachable_route): an earlier sibling without `continue` has no matcher that they have not. At least one route.
[[nodiscard]] std::vector<RouteConfiguration> lay_out_routes(const Cursor& at, const RouteKeys& keys, const RouteNames& names);

// The tables of this part, for documentation and tests.
[[nodiscard]] std::vector<TableView> route_tables();

}  // namespace watchbill::config
