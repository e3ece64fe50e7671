#include "config/known_metrics.h"

#include <array>

namespace watchbill::config {
namespace {

struct Ending {
  std::string_view text;
  std::string_view family;  // types of families that have series with this ending
  std::string type;         // of such a series
};

const std::array<Ending, 7>& endings() {
  static const std::array<Ending, 7> all{{{"_bucket", "histogram gaugehistogram", "counter"},
                                          {"_count", "histogram summary", "counter"},
                                          {"_sum", "histogram summary", "counter"},
                                          {"_gcount", "gaugehistogram", "gauge"},
                                          {"_gsum", "gaugehistogram", "gauge"},
                                          {"_total", "counter", "counter"},
                                          {"_info", "info", "gauge"}}};
  return all;
}

}  // namespace

const std::string* KnownMetrics::type_of(std::string_view name) const {
  if (const auto found = types.find(name); found != types.end()) return &found->second;
  for (const Ending& each : endings()) {
    if (!name.ends_with(each.text)) continue;
    const auto found = types.find(name.substr(0, name.size() - each.text.size()));
    if (found != types.end() && !found->second.empty() && each.family.find(found->second) != std::string_view::npos)
      return &each.type;
  }
  static const std::string created = "gauge";
  if (name.ends_with("_created") && types.contains(name.substr(0, name.size() - 8))) return &created;
  return nullptr;
}

const std::string* KnownMetrics::said_type_of(std::string_view name) const {
  const std::string* type = type_of(name);
  return type == nullptr || type->empty() || *type == "untyped" || *type == "unknown" ? nullptr : type;
}

}  // namespace watchbill::config
