// Which groups an alert belongs to, by the accepted routes: for each route that it takes one group for each webhook of the
// route's receiver. Cost for each alert: what RouteTree::match() costs, then one SHA-256 and some short texts for each group.
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
  std::uint32_t webhook{0};  // index in the receiver
};

// The accepted routes; without any before the first bill that has some.
[[nodiscard]] const Routing& routing_of(const State& state);
// Accepts others, and makes State::tree of them.
void set_routing(State& state, const Routing& routing);
// Makes State::tree of those that the state holds.
void rebuild_tree(State& state);

// In the order of the routes. A receiver without webhooks still has one group for each alert, and so has an alert without routes:
// somebody may ask why nobody was told.
[[nodiscard]] std::vector<Membership> memberships_of(const State& state, const Labels& labels);

// The route of a group; where none is accepted one that tells nobody.
[[nodiscard]] const RouteConfiguration& route_of(const Routing& routing, const Group& group);
// The webhook that a group tells, or null.
[[nodiscard]] const WebhookConfiguration* webhook_of(const Routing& routing, const Group& group);
// The webhooks of a receiver, as deliveries call them; empty where it has none or is not there.
[[nodiscard]] std::vector<std::string> webhook_names(const State& state, const std::string& receiver);
// Whether a receiver's webhooks are those of before: they are known by their places in its list, as long as these are as many.
[[nodiscard]] bool has_same_webhooks(const Routing& a, const Routing& b, const std::string& receiver);

}  // namespace watchbill::core::route
