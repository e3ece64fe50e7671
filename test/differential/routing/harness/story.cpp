#include "differential/routing/harness/story.h"

#include <algorithm>

namespace watchbill::routing_differential {

bool World::is_silenced(const LabelSet& labels) const {
  return std::any_of(silences.begin(), silences.end(), [&](const auto& each) { return are_met(each.second, labels); });
}

bool World::is_inhibited(const std::vector<InhibitRule>& rules, const LabelSet& labels) const {
  return std::any_of(rules.begin(), rules.end(), [&](const InhibitRule& rule) {
    return std::any_of(alerts.begin(), alerts.end(), [&](const auto& each) { return inhibits(rule, {each.first, labels}); });
  });
}

bool keeps_muting(const World& before, const World& after, const std::vector<InhibitRule>& rules) {
  const auto keeps = [&](const auto& each) {
    return before.is_muted(rules, each.first) == after.is_muted(rules, each.first);
  };
  return std::all_of(before.alerts.begin(), before.alerts.end(), keeps) &&
         std::all_of(after.alerts.begin(), after.alerts.end(), keeps);
}

}  // namespace watchbill::routing_differential
