#include "routetest/router.h"

#include <algorithm>
#include <utility>

#include "core/route/hours.h"

namespace watchbill::routetest {
namespace {

core::route::Routing routing_of(const RoutingConfiguration& configuration) {
  core::route::Routing routing;
  routing.inhibit_rules = configuration.inhibit_rules;
  routing.routes = configuration.routes;
  routing.time_intervals = configuration.time_intervals;
  return routing;
}

}  // namespace

Router::Router(const RoutingConfiguration& routing)
    : routing_(routing_of(routing)), tree_(routing_.routes), inhibition_(routing_.inhibit_rules) {}

Status Router::silence(const std::string& id, const std::vector<LabelMatcher>& matchers, Instant from, Instant until) {
  Result<Matchers> compiled = Matchers::compile(matchers);
  if (!compiled) return compiled.error();
  silences_.insert_or_assign(id, Silence{std::move(*compiled), from, until});
  return {};
}

void Router::move(const std::string& id, Instant from, Instant until) {
  const auto known = silences_.find(id);
  if (known == silences_.end()) return;
  known->second.from = from;
  known->second.until = until;
}

std::vector<Way> Router::ways_of(const Labels& labels, std::optional<Instant> at) const {
  std::optional<Muting> muted;
  if (const auto source = inhibition_.source_for(labels)) muted = Muting{MuteReason::inhibition, source->alert};
  if (!muted && at)
    for (const auto& [id, silence] : silences_)
      if (!muted && silence.from <= *at && *at < silence.until && silence.matchers.match(labels))
        muted = Muting{MuteReason::silence, id};
  std::vector<Way> ways;
  for (const std::uint32_t index : tree_.match(labels)) {
    const RouteConfiguration& route = routing_.routes[index];
    Way& way = ways.emplace_back(Way{tree_.key(index), route.receiver, muted});
    const auto quiet = at ? core::route::quiet_at(routing_, route, *at) : std::nullopt;
    if (quiet) way.muted = Muting{MuteReason::time_interval, quiet->interval};
  }
  return ways;
}

bool Router::depends_on_time(const Labels& labels) const {
  const std::vector<std::uint32_t> taken = tree_.match(labels);
  return std::any_of(taken.begin(), taken.end(), [&](std::uint32_t index) {
    const RouteConfiguration& route = routing_.routes[index];
    return !route.active_time_intervals.empty() || !route.mute_time_intervals.empty();
  });
}

std::vector<std::string> told(const std::vector<Way>& ways) {
  std::vector<std::string> receivers;
  for (const Way& way : ways)
    if (!way.muted && std::find(receivers.begin(), receivers.end(), way.receiver) == receivers.end())
      receivers.push_back(way.receiver);
  return receivers;
}

std::optional<Muting> mute_in(const std::vector<Way>& ways) {
  for (const Way& way : ways)
    if (way.muted) return way.muted;
  return std::nullopt;
}

}  // namespace watchbill::routetest
