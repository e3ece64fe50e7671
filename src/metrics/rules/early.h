// Which rules are to be looked at between their slots, and when: at once when samples arrive that a rule rests on, then at most
// once per debounce.
#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/time.h"
#include "metrics/rules/rule.h"
#include "model/labels.h"

namespace watchbill::metrics::rules {

// A rule by its group and its place in it.
struct RulePlace {
  std::size_t group{0};
  std::size_t rule{0};
  friend auto operator<=>(const RulePlace&, const RulePlace&) = default;
};

// The rules with `looks_early` that may read a series of this target with one of these names. Ask again when the target's names
// or the configuration change, not for each scrape. Cost: rules × names in the worst case.
[[nodiscard]] std::vector<RulePlace> early_readers(std::span<const RuleGroup> groups, const Labels& target,
                                                   std::span<const std::string> metric_names);

// Pure: time comes with the calls.
class EarlyLooks {
 public:
  explicit EarlyLooks(Duration debounce) noexcept : debounce_(debounce) {}

  // Samples that these rules rest on are in the store.
  void arrived(std::span<const RulePlace> rules, Instant now);
  // The rules to be looked at now, by group; they count as looked at.
  [[nodiscard]] std::vector<RulePlace> take_due(Instant now);
  // When take_due() has something next; never when nothing arrived.
  [[nodiscard]] Instant next() const noexcept { return queue_.empty() ? Instant::never() : queue_.begin()->first; }

 private:
  Duration debounce_;
  std::map<RulePlace, Instant> looked_at_;
  std::map<RulePlace, Instant> due_;
  std::set<std::pair<Instant, RulePlace>> queue_;
};

}  // namespace watchbill::metrics::rules
