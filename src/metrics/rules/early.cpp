#include "metrics/rules/early.h"

#include <algorithm>

namespace watchbill::metrics::rules {

std::vector<RulePlace> early_readers(std::span<const RuleGroup> groups, const Labels& target,
                                     std::span<const std::string> metric_names) {
  std::vector<RulePlace> out;
  for (std::size_t g = 0; g < groups.size(); ++g)
    for (std::size_t r = 0; r < groups[g].rules.size(); ++r) {
      const Rule& rule = groups[g].rules[r];
      if (rule.looks_early && rule.selectors.may_read(target, metric_names)) out.push_back(RulePlace{g, r});
    }
  return out;
}

void EarlyLooks::arrived(std::span<const RulePlace> rules, Instant now) {
  for (const RulePlace& rule : rules) {
    if (due_.contains(rule)) continue;
    const auto looked = looked_at_.find(rule);
    const Instant at = looked == looked_at_.end() ? now : std::max(now, looked->second + debounce_);
    due_.emplace(rule, at);
    queue_.emplace(at, rule);
  }
}

std::vector<RulePlace> EarlyLooks::take_due(Instant now) {
  std::vector<RulePlace> out;
  while (!queue_.empty() && queue_.begin()->first <= now) {
    const RulePlace rule = queue_.begin()->second;
    queue_.erase(queue_.begin());
    due_.erase(rule);
    looked_at_[rule] = now;
    out.push_back(rule);
  }
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace watchbill::metrics::rules
