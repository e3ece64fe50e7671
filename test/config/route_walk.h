// Which routes an alert takes, straight from the rule: a child that matches and does not go on ends its level; where no child
// matches, the route itself. Slow, for comparisons. Source: Alertmanager 0.25, dispatch.Route.Match.
#pragma once

#include <cstdint>
#include <vector>

#include "model/configuration_routing.h"
#include "model/labels.h"
#include "model/matcher/matcher.h"

namespace watchbill::config {

// Adds the routes below and at `at`; false when it does not match.
inline bool walk_routes(const std::vector<RouteConfiguration>& routes, std::uint32_t at, const Labels& labels,
                        std::vector<std::uint32_t>& out) {
  if (!Matchers::compile(routes[at].matchers)->match(labels)) return false;
  bool is_taken = false;
  for (std::uint32_t child = at + 1; child < routes[at].end; child = routes[child].end) {
    if (!walk_routes(routes, child, labels, out)) continue;
    is_taken = true;
    if (routes[child].after == AfterMatch::stop) break;
  }
  if (!is_taken) out.push_back(at);
  return true;
}

inline std::vector<std::uint32_t> routes_of(const std::vector<RouteConfiguration>& routes, const Labels& labels) {
  std::vector<std::uint32_t> out;
  walk_routes(routes, 0, labels, out);
  return out;
}

}  // namespace watchbill::config
