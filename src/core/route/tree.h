// The tree of routes, ready to be asked: which of them an alert takes. Derived from the routing that the state holds.
// Source: Alertmanager 0.25 dispatch/route.go (Match, Key).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/configuration_routing.h"
#include "model/labels.h"
#include "model/matcher/matcher.h"

namespace watchbill::core::route {

// Immutable. A route is named by its index in the list that it was made of.
class RouteTree {
 public:
  // None: every alert takes no route.
  explicit RouteTree(const std::vector<RouteConfiguration>& routes);

  // Depth first: a child that matches is asked for its own children, and those behind it are asked only after `continue`. A
  // route none of whose children matches is taken itself. O(routes asked), one allocation.
  [[nodiscard]] std::vector<std::uint32_t> match(const Labels& labels) const;

  // `{}/{severity="page"}`: the matchers from the root down. Routes whose siblings match alike share it.
  [[nodiscard]] const std::string& key(std::uint32_t route) const { return nodes_[route].key; }
  // The same with "#2" and so on behind it for those that share it: no two are equal, and a reload that moves a route among
  // others leaves it as it is.
  [[nodiscard]] const std::string& identity(std::uint32_t route) const { return nodes_[route].identity; }

 private:
  struct Node {
    AfterMatch after{AfterMatch::stop};
    std::uint32_t end{0};
    Matchers matchers;
    std::string key;
    std::string identity;
  };
  void take(std::uint32_t route, const Labels& labels, std::vector<std::uint32_t>& taken) const;

  std::vector<Node> nodes_;
};

}  // namespace watchbill::core::route
