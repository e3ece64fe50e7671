// Walks what names what: an order in which each comes after all that it names, and the circles that have no such order.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace watchbill::config {

using Graph = std::map<std::string_view, std::vector<std::string_view>>;

struct Walk {
  std::vector<std::string_view> order;                 // every name of the graph, the named before those that name them
  std::vector<std::vector<std::string_view>> circles;  // a, b, c: a names b, b names c, c names a
};

// Names that are no keys of the graph are passed over. Without recursion; O(names + edges). Of several circles through one edge
// the first is told.
[[nodiscard]] Walk walk(const Graph& graph);

// "a -> b -> a"
[[nodiscard]] std::string text_of(const std::vector<std::string_view>& circle);

}  // namespace watchbill::config
