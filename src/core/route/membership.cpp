#include "core/route/membership.h"

#include <algorithm>

#include "base/sha256.h"

namespace watchbill::core::route {
namespace {

constexpr std::string_view the_routing = "root";

const RouteConfiguration& route_at(const Routing& routing, std::uint32_t index) {
  static const RouteConfiguration none{};
  return index < routing.routes.size() ? routing.routes[index] : none;
}

const std::vector<WebhookConfiguration>& webhooks_of(const Routing& routing, const std::string& receiver) {
  static const std::vector<WebhookConfiguration> none;
  const auto found = routing.receivers.find(receiver);
  return found != routing.receivers.end() ? found->second.webhooks : none;
}

Labels group_labels(const RouteConfiguration& route, const Labels& labels) {
  const std::vector<std::string>& names = route.group_by;
  if (names.size() == 1 && names.front() == "...") return labels;
  Labels kept;
  for (const std::string& name : names) kept.set(name, labels.get(name));
  return kept;
}

// Groups of the root are named as they were when there was no other route: journals of then name them so.
std::string group_id(const State& state, std::uint32_t route, const std::string& webhook, const Labels& labels) {
  const std::string of_route = route == 0 ? "" : state.tree->identity(route) + "\n";
  return sha256(of_route + webhook + "\n" + labels.text()).hex().substr(0, 32);
}

}  // namespace

const Routing& routing_of(const State& state) {
  static const Routing none{};
  const Routing* routing = state.routing.find(std::string(the_routing));
  return routing != nullptr ? *routing : none;
}

void set_routing(State& state, const Routing& routing) {
  state.routing.edit_or_insert(std::string(the_routing)) = routing;
  rebuild_tree(state);
}

void rebuild_tree(State& state) { state.tree = std::make_shared<const RouteTree>(routing_of(state).routes); }

std::vector<Membership> memberships_of(const State& state, const Labels& labels) {
  const Routing& routing = routing_of(state);
  std::vector<std::uint32_t> routes;
  if (state.tree) routes = state.tree->match(labels);
  if (routes.empty()) routes.push_back(0);
  std::vector<Membership> all;
  for (const std::uint32_t index : routes) {
    const RouteConfiguration& route = route_at(routing, index);
    const Labels shared = group_labels(route, labels);
    const auto count = static_cast<std::uint32_t>(std::max<std::size_t>(webhooks_of(routing, route.receiver).size(), 1));
    for (std::uint32_t webhook = 0; webhook < count; ++webhook)
      all.push_back({group_id(state, index, webhook_name(route.receiver, webhook), shared), shared, route.receiver, index,
                     webhook});
  }
  return all;
}

const RouteConfiguration& route_of(const Routing& routing, const Group& group) { return route_at(routing, group.route); }

const WebhookConfiguration* webhook_of(const Routing& routing, const Group& group) {
  const std::vector<WebhookConfiguration>& webhooks = webhooks_of(routing, group.receiver);
  return group.webhook < webhooks.size() ? &webhooks[group.webhook] : nullptr;
}

std::vector<std::string> webhook_names(const State& state, const std::string& receiver) {
  std::vector<std::string> names;
  const std::size_t count = webhooks_of(routing_of(state), receiver).size();
  for (std::size_t i = 0; i < count; ++i) names.push_back(webhook_name(receiver, i));
  return names;
}

bool has_same_webhooks(const Routing& a, const Routing& b, const std::string& receiver) {
  return webhooks_of(a, receiver).size() == webhooks_of(b, receiver).size();
}

}  // namespace watchbill::core::route
