// What is known of metrics when rules are checked: who emits them, as what, with which values of closed labels.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace watchbill::config {

struct KnownMetrics {
  // Type by family: "counter", "gauge", "histogram", "summary", "info", …; "", "untyped" or "unknown" where nobody says. Of a
  // histogram the series with _bucket, _sum and _count behind its name are known by it, and the like.
  std::map<std::string, std::string, std::less<>> types;
  // Of a family of our own and its label, all values that there are.
  std::map<std::pair<std::string, std::string>, std::set<std::string, std::less<>>, std::less<>> closed_values;
  // Every emitter was named (`--emitters`): a metric that is not here has none.
  bool is_complete{false};

  // The type of a series of this name, or null when nothing is known of it. Source: names of OpenMetrics 1.0.
  [[nodiscard]] const std::string* type_of(std::string_view name) const;
  // The same, or null where it is known and nobody says its type: then its name may tell.
  [[nodiscard]] const std::string* said_type_of(std::string_view name) const;
};

}  // namespace watchbill::config
