// Rule groups as they are written, and compiled for evaluation.
//
// compile() is pure; what it gives is immutable and may be shared by threads. Source: Prometheus 2.42 rule files, with
// `query_offset` and `labels` of a group from 3.x.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/sha256.h"
#include "base/time.h"
#include "metrics/promql/ast.h"
#include "metrics/rules/selectors.h"
#include "model/alert.h"
#include "model/configuration_metrics.h"
#include "template/template.h"

namespace watchbill::metrics::rules {

// Exactly one of `alert` and `record` is set.
struct RuleSource {
  std::string alert;
  std::string record;
  std::string expression;
  Duration hold;             // `for`
  Duration keep_firing_for;
  std::map<std::string, std::string> labels;       // templates in an alerting rule
  std::map<std::string, std::string> annotations;  // templates
  bool looks_early{false};   // asked for by the bill; a rule that reads what rules write never does
  HysteresisConfiguration hysteresis{};  // of an alerting rule; one whose slots are counted never looks early
};

struct GroupSource {
  std::string file;
  std::string name;                           // with `file` it is unique
  Duration interval{Duration::minutes(1)};    // more than 0
  Duration query_offset;                      // expressions are evaluated so long before the slot
  std::uint64_t limit{0};                     // series of a recording rule, alerts of an alerting rule; 0: any number
  std::map<std::string, std::string> labels;  // of every rule, unless the rule has its own
  std::vector<RuleSource> rules;
};

// A group of a checked configuration; no rule of it looks early.
[[nodiscard]] GroupSource source_of(const RuleGroupConfiguration& group);

// A label or annotation that is expanded.
struct NamedTemplate {
  std::string name;
  text_template::Template text;
};

struct Rule {
  RuleId id;
  bool is_alert{false};
  std::string name;  // of the alert or the recorded series
  promql::Expression expression;
  Digest digest;     // of the expression
  AlertTiming timing;
  std::vector<Labels::Pair> plain_labels;     // those that every element gets as they are written
  std::vector<NamedTemplate> dynamic_labels;  // those that depend on the element
  std::vector<NamedTemplate> annotations;
  bool looks_early{false};
  Selectors selectors;
  // What fires goes on until this instant vector has an element that agrees with its own in all labels that both have.
  struct Recovery {
    promql::Expression expression;
    Selectors selectors;
  };
  std::optional<Recovery> recovery;
};

// The metrics that alerting rules write, beside what recording rules name.
inline constexpr std::string_view alerts_metric = "ALERTS";
inline constexpr std::string_view alerts_for_state_metric = "ALERTS_FOR_STATE";

struct RuleGroup {
  std::string file;
  std::string name;
  std::string key;  // FILE;GROUP, as in metrics and events
  Duration interval{Duration::minutes(1)};
  Duration query_offset;
  std::uint64_t limit{0};
  std::vector<Rule> rules;
};

// Fails (invalid) on an expression or template that cannot be read, on names that are none, and on an interval that is not
// positive; `on` is "FILE: group NAME: rule NAME". Holds: `lookback` is what evaluation uses.
[[nodiscard]] Result<RuleGroup> compile(const GroupSource& source, Duration lookback = Duration::minutes(5));

// Early looks are for rules that read no rule's output: withdraws `looks_early` from all others. Call it with all groups.
void withdraw_early_looks_at_outputs(std::vector<RuleGroup>& groups);

}  // namespace watchbill::metrics::rules
