#include "config/lints.h"

#include <algorithm>
#include <array>
#include <optional>

#include <fmt/core.h>

#include "config/lint_rule.h"
#include "config/mutes.h"
#include "metrics/promql/parser.h"

namespace watchbill::config {
namespace {

namespace promql = metrics::promql;
using promql::LabelFact;
using promql::LabelFacts;

constexpr std::array<std::string_view, 12> codes{
    "no_emitter",   "impossible_matcher",      "never_fires",          "never_matches", "label_lost",  "value_in_label",
    "no_for",       "counter_not_initialised", "counter_without_rate", "rate_of_gauge", "rate_of_sum", "duplicate_rule"};

// Recorded series may be recorded from recorded series; beyond so many steps nothing is known of their labels.
constexpr std::size_t recorded_depth_max = 40;

LabelFact always(const std::string& value) {
  LabelFact out;
  out.presence = promql::Presence::always;
  out.value = value;
  return out;
}

LabelFacts names_of_target() {
  LabelFacts out;
  for (const char* label : {"instance", "job"}) out.known[label].presence = promql::Presence::named;
  return out;
}

class Linter {
 public:
  Linter(std::span<const WrittenRule> written, const std::vector<RuleGroupConfiguration>& groups,
         const std::map<std::string, HysteresisConfiguration>& hysteresis, const KnownMetrics& known, Report& report)
      : written_(written), groups_(groups), hysteresis_(hysteresis), known_(known), report_(report) {
    for (const WrittenRule& rule : written)
      if (const RuleConfiguration& read = read_of(rule); !read.record.empty()) recorded_[read.record].push_back(&read);
  }

  void run() {
    const SourceFile* file = nullptr;
    std::optional<Mutes> mutes;
    for (const WrittenRule& rule : written_) {
      if (rule.file != file) {
        file = rule.file;
        mutes.emplace(*file, report_);
        seen_.clear();
      }
      Remarks remarks;
      warn_of_duplicate(rule, remarks);
      lint(rule, remarks);
      tell(rule, *mutes, remarks);
    }
  }

 private:
  struct Recorded {
    std::optional<LabelFacts> labels;  // none: nothing is known
    bool is_sum{false};                // of bare counters
  };

  [[nodiscard]] const RuleConfiguration& read_of(const WrittenRule& rule) const { return groups_[rule.group].rules[rule.rule]; }

  void lint(const WrittenRule& rule, Remarks& out) {
    const RuleConfiguration& read = read_of(rule);
    if (read.expression.empty()) return;
    const auto expression = promql::parse(read.expression);
    if (!expression) return;
    const promql::ExpressionFacts facts = facts_of(*expression, [this](const auto& selector) { return labels_of(selector); });
    LintedRule linted{read, *expression, facts, known_, waits(rule), {}, {}};
    linted.is_recorded = [this](std::string_view name) { return recorded_.contains(name); };
    linted.is_recorded_sum = [this](std::string_view name) { return recorded_.contains(name) && recorded(name).is_sum; };
    lint_emitters(linted, out);
    lint_results(linted, out);
    lint_templates(linted, out);
    lint_counters(linted, out);
    lint_waiting(linted, out);
  }

  // Whoever wrote the key has thought about it, whatever stands there.
  [[nodiscard]] bool waits(const WrittenRule& rule) const {
    const Tree& tree = rule.file->tree;
    for (const std::string_view key : {"for", "keep_firing_for"})
      if (const NodeIndex found = tree.find(node_of(rule), key); found != no_node && !is_null(tree.at(found))) return true;
    const auto hysteresis = hysteresis_.find(read_of(rule).alert);
    return hysteresis != hysteresis_.end() && hysteresis->second.k_of_n.has_value();
  }

  const LabelFacts* labels_of(const promql::VectorSelector& selector) {
    static const LabelFacts of_target = names_of_target();
    if (selector.name.empty()) return nullptr;
    // A name without a colon may be scraped as well.
    if (selector.name.find(':') != std::string::npos && recorded_.contains(selector.name)) {
      const Recorded& found = recorded(selector.name);
      return found.labels ? &*found.labels : nullptr;
    }
    const bool is_scraped = selector.name == "up" || selector.name.starts_with("scrape_") ||
                            (known_.is_complete && known_.type_of(selector.name) != nullptr);
    return is_scraped && !recorded_.contains(selector.name) ? &of_target : nullptr;
  }

  const Recorded& recorded(std::string_view name) {
    const auto [place, is_new] = facts_.try_emplace(std::string(name));  // while it is looked at nothing is known of it
    if (!is_new || recorded_depth_ >= recorded_depth_max) return place->second;
    ++recorded_depth_;
    std::optional<LabelFacts> labels;
    bool is_sum = false;
    for (const RuleConfiguration* rule : recorded_.find(name)->second) {
      const auto expression = promql::parse(rule->expression);
      if (!expression) continue;
      const LabelFacts written = labels_written_by(*rule, *expression);
      labels = labels ? promql::either(*labels, written) : written;
      const promql::NodeIndex root = expression->without_parens(expression->root);
      is_sum = is_sum || (std::holds_alternative<promql::Aggregate>(expression->at(root).of) &&
                          is_bare_counter(*expression, root, known_));
    }
    --recorded_depth_;
    place->second = {std::move(labels), is_sum};
    return place->second;
  }

  LabelFacts labels_written_by(const RuleConfiguration& rule, const promql::Expression& expression) {
    LabelFacts out;
    if (expression.type() == promql::ValueType::scalar) out.others.presence = promql::Presence::never;
    else out = facts_of(expression, [this](const auto& selector) { return labels_of(selector); }).at(expression.root).labels;
    out.known[std::string(metric_name_label)] = always(rule.record);
    for (const auto& [label, value] : rule.labels) {
      LabelFact gone;
      gone.presence = promql::Presence::never;
      out.known[label] = value.empty() ? gone : always(value);
    }
    return out;
  }

  // Two rules that write the same series write different values to them, and two that raise the same alerts end each other's.
  // Of the whole file, as promtool has it.
  void warn_of_duplicate(const WrittenRule& rule, Remarks& out) {
    const RuleConfiguration& read = read_of(rule);
    const std::string_view key = read.alert.empty() ? "record" : "alert";
    const Tree& tree = rule.file->tree;
    const NodeIndex name = tree.find(node_of(rule), key);
    if (name == no_node) return;
    std::map<std::string, std::string> labels = read.labels;
    std::erase_if(labels, [](const auto& label) { return label.second.empty(); });  // as good as none
    const auto [first, is_new] =
        seen_.try_emplace({read.alert.empty() ? read.record : read.alert, std::move(labels)}, tree.at(name).begin);
    if (is_new) return;
    out.push_back({Severity::warning, "duplicate_rule", key, "", Remark::whole,
                   fmt::format("a rule with this name and the same labels is in line {}: both write the same series; "
                               "give one of them another name or another label",
                               first->second.line)});
  }

  void tell(const WrittenRule& rule, const Mutes& mutes, Remarks& remarks) {
    if (remarks.empty()) return;
    const Tree& tree = rule.file->tree;
    const NodeIndex groups = tree.find(tree.root, "groups");
    const Cursor root(report_, *rule.file, tree.root, "");
    const Cursor all = root.member("groups", groups);
    const Cursor group = all.element(rule.group_position);
    const Cursor rules = group.member("rules", tree.find(group.index(), "rules"));
    const Cursor at = rules.element(rule.rule_position);
    for (const Remark& remark : remarks) {
      if (mutes.has(remark.code, group.node(), at.node())) continue;
      NodeIndex part = tree.find(at.index(), remark.part);
      if (part == no_node) part = at.index();  // a label of the group
      const Cursor holder = at.member(remark.part, part);
      const NodeIndex value =
          remark.name.empty() || tree.at(part).kind != NodeKind::mapping ? part : tree.find(part, remark.name);
      const bool is_written = remark.name.empty() || (value != no_node && value != part);
      const Cursor place = remark.name.empty() || !is_written ? holder : holder.member(remark.name, value);
      const bool is_exact = is_written && remark.offset != Remark::whole && !report_.is_full();
      report_.add({remark.severity, remark.code, is_exact ? place.place_in(remark.offset) : place.place(), place.path(),
                   remark.text});
    }
  }

  [[nodiscard]] NodeIndex node_of(const WrittenRule& rule) const {
    const Tree& tree = rule.file->tree;
    const NodeIndex group = tree.at(tree.find(tree.root, "groups")).children[rule.group_position];
    return tree.at(tree.find(group, "rules")).children[rule.rule_position];
  }

  std::span<const WrittenRule> written_;
  const std::vector<RuleGroupConfiguration>& groups_;
  const std::map<std::string, HysteresisConfiguration>& hysteresis_;
  const KnownMetrics& known_;
  Report& report_;
  std::map<std::string, std::vector<const RuleConfiguration*>, std::less<>> recorded_;
  std::map<std::string, Recorded, std::less<>> facts_;
  std::size_t recorded_depth_{0};
  // Where each name with its labels was first written in the file.
  std::map<std::pair<std::string, std::map<std::string, std::string>>, Mark> seen_;
};

}  // namespace

std::span<const std::string_view> lint_codes() noexcept { return codes; }

bool is_lint(std::string_view code) noexcept { return std::find(codes.begin(), codes.end(), code) != codes.end(); }

void lint_rules(std::span<const WrittenRule> written, const std::vector<RuleGroupConfiguration>& groups,
                const std::map<std::string, HysteresisConfiguration>& hysteresis, const KnownMetrics& known, Report& report) {
  Linter(written, groups, hysteresis, known, report).run();
}

}  // namespace watchbill::config
