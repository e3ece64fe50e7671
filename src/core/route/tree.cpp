#include "core/route/tree.h"

#include <map>

#include "base/assert.h"

namespace watchbill::core::route {

RouteTree::RouteTree(const std::vector<RouteConfiguration>& routes) {
  std::vector<std::uint32_t> parents;  // of the route at hand, the root first
  std::map<std::string, std::uint32_t> counts;
  for (std::uint32_t i = 0; i < routes.size(); ++i) {
    const RouteConfiguration& route = routes[i];
    while (!parents.empty() && nodes_[parents.back()].end <= i) parents.pop_back();
    Result<Matchers> matchers = Matchers::compile(route.matchers);
    WB_ASSERT(matchers, "a checked bill has patterns that compile");
    Node& node = nodes_.emplace_back(Node{route.after, route.end, std::move(*matchers), text(route.matchers), {}});
    if (!parents.empty()) node.key = nodes_[parents.back()].key + "/" + node.key;
    const std::uint32_t count = ++counts[node.key];
    node.identity = node.key + (count == 1 ? "" : "#" + std::to_string(count));
    parents.push_back(i);
  }
}

std::vector<std::uint32_t> RouteTree::match(const Labels& labels) const {
  std::vector<std::uint32_t> taken;
  if (!nodes_.empty()) take(0, labels, taken);
  return taken;
}

void RouteTree::take(std::uint32_t route, const Labels& labels, std::vector<std::uint32_t>& taken) const {
  const std::size_t before = taken.size();
  for (std::uint32_t child = route + 1; child < nodes_[route].end; child = nodes_[child].end) {
    if (!nodes_[child].matchers.match(labels)) continue;
    take(child, labels, taken);
    if (nodes_[child].after == AfterMatch::stop) return;
  }
  if (taken.size() == before) taken.push_back(route);
}

}  // namespace watchbill::core::route
