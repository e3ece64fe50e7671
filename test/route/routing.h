// Routings of tests, and their parts.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "model/configuration_routing.h"
#include "model/labels.h"

namespace watchbill::core::route {

// One route to the receiver `ops`, which has one webhook.
inline RoutingConfiguration routing_by(std::vector<std::string> group_by) {
  RoutingConfiguration routing;
  RouteConfiguration& root = routing.routes.emplace_back();
  root.receiver = "ops";
  root.group_by = std::move(group_by);
  IntegrationConfiguration webhook;
  webhook.secrets["url"] = "http://127.0.0.1:1/secret";
  routing.receivers["ops"].integrations = {webhook};
  return routing;
}

inline Labels labels(std::vector<Labels::Pair> pairs) { return Labels(std::move(pairs)); }

inline LabelMatcher matcher(std::string name, MatcherKind kind, std::string value) {
  return {kind, std::move(name), std::move(value)};
}

inline RouteConfiguration route(std::vector<LabelMatcher> matchers, std::string receiver, AfterMatch after = AfterMatch::stop) {
  RouteConfiguration out;
  out.matchers = std::move(matchers);
  out.receiver = std::move(receiver);
  out.after = after;
  return out;
}

// `child` takes alerts of `Down` whose instance is a, to a receiver of its own.
inline RoutingConfiguration routing_with(RouteConfiguration child) {
  RoutingConfiguration routing = routing_by({"alertname"});
  routing.routes.front().end = 2;
  child.end = 2;
  routing.receivers[child.receiver] = routing.receivers["ops"];
  routing.routes.push_back(std::move(child));
  return routing;
}

}  // namespace watchbill::core::route
