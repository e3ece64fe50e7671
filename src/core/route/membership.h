// Which groups an alert belongs to, by the accepted routes: for each route that it takes one group for each integration of
// the route's receiver. Cost for each alert: what RouteTree::match() costs, then one SHA-256 and some short texts for each group.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/route/state.h"

namespace watchbill::core::route {

struct Membership {
  std::string id;  // of the group
  Labels labels;   // of the group
  std::string receiver;
  std::uint32_t route{0};    // index in Routing::routes
  std::uint32_t integration{0};  // index in the receiver
};

// The accepted routes; without any before the first bill that has some.
[[nodiscard]] const Routing& routing_of(const State& state);
// Accepts others, and makes State::tree of them.
void set_routing(State& state, const Routing& routing);
// Makes State::tree of those that the state holds.
void rebuild_tree(State& state);

// In the order of the routes. A receiver without integrations still has one group for each alert, and so has an alert without
// routes: somebody may ask why nobody was told.
[[nodiscard]] std::vector<Membership> memberships_of(const State& state, const Labels& labels);

// The route of a group; where none is accepted one that tells nobody.
[[nodiscard]] const RouteConfiguration& route_of(const Routing& routing, const Group& group);
// The integration that a group tells, or null.
[[nodiscard]] const IntegrationConfiguration* integration_of(const Routing& routing, const Group& group);
// What deliveries call it: "ops/webhook[0]"; that too where the receiver has none.
[[nodiscard]] std::string channel_of(const Routing& routing, const std::string& receiver, std::uint32_t integration);
// The integrations of a receiver, as deliveries call them; empty where it has none or is not there.
[[nodiscard]] std::vector<std::string> channels_of(const State& state, const std::string& receiver);
// Whether a receiver's integrations are those of before; and whether one of b was there in a. They are known by their places
// among those of their kind, as in Alertmanager's memory: one that comes takes nothing from the others.
[[nodiscard]] bool has_same_integrations(const Routing& a, const Routing& b, const std::string& receiver);
[[nodiscard]] bool is_known_before(const Routing& a, const Routing& b, const std::string& receiver, std::uint32_t integration);

}  // namespace watchbill::core::route
