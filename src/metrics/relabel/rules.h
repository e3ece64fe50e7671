// Relabelling: rules that rewrite a set of labels, or drop what it stands for. For targets and for samples.
//
// Pure; immutable once compiled, any thread. Time is linear in rules times bytes of labels: patterns are RE2's. Source:
// Prometheus 2.42 model/relabel; a target_label of lowercase, uppercase, keepequal and dropequal must be a label name, as in
// later versions (2.42 takes "$1" there and writes a label of that name).
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/pattern/pattern.h"
#include "base/result.h"
#include "model/configuration_scrape.h"
#include "model/labels.h"

namespace watchbill::metrics::relabel {

// What is wrong with a rule, and under which of its keys; the key is empty where it is about the rule as a whole.
struct RuleProblem {
  std::string_view key;  // "regex"; a literal
  std::string text;
};

class Rule {
 public:
  // Defaults: separator ;, regex (.*), replacement $1. A pattern has at most 16 KiB.
  [[nodiscard]] static Result<Rule, RuleProblem> compile(const RelabelConfiguration& written);

  // False: dropped. The labels are then as they were.
  [[nodiscard]] bool apply(Labels& labels) const;

 private:
  Rule(const RelabelConfiguration& written, Pattern pattern);
  [[nodiscard]] std::string source_of(const Labels& labels) const;
  void replace(Labels& labels, std::string_view source) const;
  void map_names(Labels& labels) const;
  void keep_names(Labels& labels, bool kept_where_matching) const;

  RelabelAction action_;
  std::uint64_t modulus_;
  std::vector<std::string> source_labels_;
  std::string separator_, replacement_, target_label_;
  Pattern pattern_;
};

// Rules in their order.
class Rules {
 public:
  // Holds: each of `written` compiles; a configuration is checked. Fails (invalid) otherwise, `on` names the rule.
  [[nodiscard]] static Result<Rules> compile(std::span<const RelabelConfiguration> written);

  // False: dropped; what the rules before made of the labels stays.
  [[nodiscard]] bool apply(Labels& labels) const;
  [[nodiscard]] bool empty() const noexcept { return rules_.empty(); }

 private:
  std::vector<Rule> rules_;
};

}  // namespace watchbill::metrics::relabel
