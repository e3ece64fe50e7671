#include "config/alertmanager_inhibition.h"

#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/core.h>

#include "config/alertmanager_matchers.h"
#include "config/values.h"
#include "model/labels.h"
#include "model/matcher/matcher.h"

namespace watchbill::config {
namespace {

struct InhibitRuleKeys {
  std::vector<std::string> equal;
  WrittenMatchers source;
  WrittenMatchers target;
};

// A name that is written twice says no more than once, as there.
void read_equal(const Cursor& at, std::vector<std::string>& out) {
  if (!is_list(at, "label names")) return;
  std::set<std::string> names;
  for (std::size_t i = 0; i < at.node().children.size(); ++i) {
    const Cursor element = at.element(i);
    const Node& node = element.node();
    if (node.kind != NodeKind::scalar || is_null(node))
      element.expected("a label name");
    else if (!is_label_name(node.text))
      element.complain("out_of_range", fmt::format("\"{}\" is no label name", node.text));
    else
      names.insert(node.text);
  }
  out.assign(names.begin(), names.end());
}

constexpr auto inhibit_rule_keys = table<InhibitRuleKeys>(
    "inhibit_rules[]",
    optional<&InhibitRuleKeys::source, read_matcher_texts>("source_matchers", "list of matchers", "",
                                                           "a firing alert that meets all of them mutes others"),
    optional<&InhibitRuleKeys::target, read_matcher_texts>("target_matchers", "list of matchers", "",
                                                           "the alerts that are muted: those that meet all of them"),
    optional<&InhibitRuleKeys::equal, read_equal>("equal", "list of label names", "",
                                                  "both alerts must have the same values of these; missing is empty"),
    optional<&InhibitRuleKeys::source, read_match>("source_match", "map of text", "",
                                                   "matchers with =, as they were written before"),
    optional<&InhibitRuleKeys::source, read_match_re>("source_match_re", "map of patterns (RE2)", "", "matchers with =~"),
    optional<&InhibitRuleKeys::target, read_match>("target_match", "map of text", "",
                                                   "matchers with =, as they were written before"),
    optional<&InhibitRuleKeys::target, read_match_re>("target_match_re", "map of patterns (RE2)", "", "matchers with =~"));

// One that nobody can mean is only told once each side was read whole: of a matcher that is wrong there is enough to say.
void warn_of_missing(const Cursor& at, const InhibitRuleKeys& keys) {
  const bool has_source = !keys.source.all.empty() || !keys.source.is_whole;
  const bool has_target = !keys.target.all.empty() || !keys.target.is_whole;
  if (!has_source && !has_target)
    at.warn("inhibits_nothing",
            "without any matcher every alert is source and target, and such alerts do not mute each other; write source_matchers "
            "and target_matchers");
  else if (!has_source)
    at.warn("inhibits_everything",
            "without a source matcher every firing alert that is no target of this rule mutes those that are; write "
            "source_matchers, unless that is meant");
  else if (!has_target)
    at.warn("inhibits_everything",
            "without a target matcher every alert is muted that is no source of this rule; write target_matchers, unless that is "
            "meant");
}

void take_side(const Cursor& at, std::string_view name, WrittenMatchers& written, std::vector<LabelMatcher>& out) {
  if (written.all.size() > matcher_count_max)
    at.complain("too_large",
                fmt::format("{} {} matchers at one rule; at most {} are read: a pattern with | says the same of several",
                            written.all.size(), name, matcher_count_max));
  std::sort(written.all.begin(), written.all.end());
  out = std::move(written.all);
}

void read_inhibit_rule(const Cursor& at, InhibitRuleConfiguration& out) {
  InhibitRuleKeys keys;
  if (!read_object(at, inhibit_rule_keys, keys)) return;
  warn_of_missing(at, keys);
  out.equal = std::move(keys.equal);
  take_side(at, "source", keys.source, out.source);
  take_side(at, "target", keys.target, out.target);
}

}  // namespace

void read_inhibit_rules(const Cursor& at, std::vector<InhibitRuleConfiguration>& out) {
  if (at.node().kind == NodeKind::sequence && at.node().children.size() > inhibit_rules_max)
    return at.complain("too_large",
                       fmt::format("{} inhibition rules; at most {} are read", at.node().children.size(), inhibit_rules_max));
  read_each<InhibitRuleConfiguration, read_inhibit_rule>(at, out);
}

std::vector<TableView> inhibition_tables() { return {inhibit_rule_keys.view()}; }

}  // namespace watchbill::config
