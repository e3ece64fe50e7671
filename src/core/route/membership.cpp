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

const std::vector<IntegrationConfiguration>& integrations_of(const Routing& routing, const std::string& receiver) {
  static const std::vector<IntegrationConfiguration> none;
  const auto found = routing.receivers.find(receiver);
  return found != routing.receivers.end() ? found->second.integrations : none;
}

std::size_t count_of(const std::vector<IntegrationConfiguration>& integrations, IntegrationKind kind) {
  return static_cast<std::size_t>(
      std::count_if(integrations.begin(), integrations.end(), [&](const auto& each) { return each.kind == kind; }));
}

// They stand by kind.
std::string name_of(const std::vector<IntegrationConfiguration>& integrations, const std::string& receiver, std::size_t index) {
  const IntegrationKind kind = index < integrations.size() ? integrations[index].kind : IntegrationKind::webhook;
  std::size_t first = index;
  while (first > 0 && first <= integrations.size() && integrations[first - 1].kind == kind) --first;
  return integration_name(receiver, kind, index - first);
}

Labels group_labels(const RouteConfiguration& route, const Labels& labels) {
  const std::vector<std::string>& names = route.group_by;
  if (names.size() == 1 && names.front() == "...") return labels;
  Labels kept;
  for (const std::string& name : names) kept.set(name, labels.get(name));
  return kept;
}

// Groups of the root are named as they were when there was no other route: journals of then name them so.
std::string group_id(const State& state, std::uint32_t route, const std::string& channel, const Labels& labels) {
  const std::string of_route = route == 0 ? "" : state.tree->identity(route) + "\n";
  return sha256(of_route + channel + "\n" + labels.text()).hex().substr(0, 32);
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
    const std::vector<IntegrationConfiguration>& integrations = integrations_of(routing, route.receiver);
    const auto count = static_cast<std::uint32_t>(std::max<std::size_t>(integrations.size(), 1));
    for (std::uint32_t i = 0; i < count; ++i)
      all.push_back({group_id(state, index, name_of(integrations, route.receiver, i), shared), shared, route.receiver, index, i});
  }
  return all;
}

const RouteConfiguration& route_of(const Routing& routing, const Group& group) { return route_at(routing, group.route); }

const IntegrationConfiguration* integration_of(const Routing& routing, const Group& group) {
  const std::vector<IntegrationConfiguration>& integrations = integrations_of(routing, group.receiver);
  return group.integration < integrations.size() ? &integrations[group.integration] : nullptr;
}

std::string channel_of(const Routing& routing, const std::string& receiver, std::uint32_t integration) {
  return name_of(integrations_of(routing, receiver), receiver, integration);
}

std::vector<std::string> channels_of(const State& state, const std::string& receiver) {
  const std::vector<IntegrationConfiguration>& integrations = integrations_of(routing_of(state), receiver);
  std::vector<std::string> names;
  for (std::size_t i = 0; i < integrations.size(); ++i) names.push_back(name_of(integrations, receiver, i));
  return names;
}

bool has_same_integrations(const Routing& a, const Routing& b, const std::string& receiver) {
  const std::vector<IntegrationConfiguration>&before = integrations_of(a, receiver), &after = integrations_of(b, receiver);
  return std::equal(before.begin(), before.end(), after.begin(), after.end(),
                    [](const auto& x, const auto& y) { return x.kind == y.kind; });
}

bool is_known_before(const Routing& a, const Routing& b, const std::string& receiver, std::uint32_t integration) {
  const std::vector<IntegrationConfiguration>&before = integrations_of(a, receiver), &after = integrations_of(b, receiver);
  if (integration >= after.size()) return before.empty();
  const IntegrationKind kind = after[integration].kind;
  const auto is_before = [&](const auto& each) { return each.kind < kind; };
  const auto place = integration - std::count_if(after.begin(), after.end(), is_before);
  return place < static_cast<std::ptrdiff_t>(count_of(before, kind));
}

}  // namespace watchbill::core::route
