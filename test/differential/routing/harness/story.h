// What the world of a story is like after its moments so far: which alerts fire, which silences hold, who is muted.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "differential/routing/harness/scenario.h"

namespace watchbill::routing_differential {

struct Life {
  LabelSet annotations;
  std::size_t began{0};     // at which moment
  bool may_be_told{false};  // it was not muted after some moment
};

struct World {
  std::map<LabelSet, Life> alerts;                              // that fire
  std::map<std::string, std::vector<Condition>> silences;       // that hold, by comment
  [[nodiscard]] bool is_silenced(const LabelSet& labels) const;
  [[nodiscard]] bool is_inhibited(const std::vector<InhibitRule>& rules, const LabelSet& labels) const;
  [[nodiscard]] bool is_muted(const std::vector<InhibitRule>& rules, const LabelSet& labels) const {
    return is_silenced(labels) || is_inhibited(rules, labels);
  }
};

// Whether a change from one to the other leaves each alert of either as muted as it is.
[[nodiscard]] bool keeps_muting(const World& before, const World& after, const std::vector<InhibitRule>& rules);

}  // namespace watchbill::routing_differential
