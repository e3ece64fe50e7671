// Label sets, conditions on them and what rules say of two of them: written anew here, so that a fault of ours is not in both.
// The generator asks whether an alert is muted, the comparison which alerts may mute another.
// Source: Alertmanager 0.25 pkg/labels and inhibit.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace watchbill::routing_differential {

using LabelSet = std::map<std::string, std::string>;

enum class ConditionKind : std::uint8_t { equal, not_equal, regex, not_regex };

struct Condition {
  ConditionKind kind{ConditionKind::equal};
  std::string name;
  std::string value;
  friend auto operator<=>(const Condition&, const Condition&) = default;
};

struct InhibitRule {
  std::vector<Condition> source;
  std::vector<Condition> target;
  std::vector<std::string> equal;
};

// A label that is not there counts as the empty text. Patterns are of the few forms that every family of patterns reads alike.
[[nodiscard]] bool are_met(const std::vector<Condition>& conditions, const LabelSet& labels);

// Whether an alert of `source` that fires mutes one of `target`. Two alerts that are each both of it do not mute one another.
struct Meeting {
  const LabelSet& source;
  const LabelSet& target;
};
[[nodiscard]] bool inhibits(const InhibitRule& rule, const Meeting& meeting);

// `name=~"value"`, `{a="b",c="d"}`.
[[nodiscard]] std::string text(const Condition& condition);
[[nodiscard]] std::string text(const std::vector<Condition>& conditions);
[[nodiscard]] std::string text(const LabelSet& labels);

}  // namespace watchbill::routing_differential
