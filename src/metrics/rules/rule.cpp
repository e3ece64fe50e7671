#include "metrics/rules/rule.h"

#include <set>
#include <tuple>

#include "metrics/promql/parser.h"
#include "metrics/promql/print.h"

namespace watchbill::metrics::rules {
namespace {

// The texts of one rule; a summary of that size is no summary any more.
constexpr text_template::ParseLimits template_limits{64U << 10, 48, 1000, 100, 50'000};

class Compiler {
 public:
  Compiler(const GroupSource& group, Duration lookback) : group_(group), lookback_(lookback) {}

  Result<Rule> compile(const RuleSource& source, std::uint32_t ordinal, std::map<std::string, std::string> labels) {
    Rule rule;
    rule.is_alert = !source.alert.empty();
    rule.name = rule.is_alert ? source.alert : source.record;
    place_ = group_.file + ": group " + group_.name + ": rule " + rule.name;
    if (source.alert.empty() == source.record.empty()) return wrong("expected either `alert` or `record`");
    if (!rule.is_alert && !is_metric_name(rule.name)) return wrong("record: expected a metric name");
    if (source.hold < Duration{} || source.keep_firing_for < Duration{}) return wrong("expected durations that are not negative");
    auto expression = promql::parse(source.expression);
    if (!expression) return wrong(expression.error().text());
    const auto type = expression->type();
    if (type != promql::ValueType::scalar && type != promql::ValueType::instant_vector)
      return wrong("expr: expected a scalar or an instant vector");
    rule.expression = std::move(*expression);
    rule.digest = promql::digest(rule.expression);
    rule.timing = {source.hold, source.keep_firing_for, std::nullopt};
    rule.looks_early = rule.is_alert && source.looks_early && !source.hysteresis.k_of_n;
    if (Status read = read_hysteresis(source.hysteresis, rule); !read) return read.error();
    auto selectors = Selectors::of(rule.expression, lookback_);
    if (!selectors) return wrong(selectors.error().detail);
    rule.selectors = std::move(*selectors);
    rule.id = rule_id({group_.file, group_.name, rule.name, rule.digest, labels, ordinal});
    if (Status read = read_labels(labels, rule); !read) return read.error();
    for (const auto& [name, text] : source.annotations) {
      auto read = read_template("annotation", name, text);
      if (!read) return read.error();
      rule.annotations.push_back(std::move(*read));
    }
    return rule;
  }

 private:
  Error wrong(std::string detail) const { return Error{ErrorKind::invalid, "compile", place_, std::move(detail)}; }

  Result<NamedTemplate> read_template(const char* kind, const std::string& name, const std::string& text) const {
    if (!is_label_name(name) || name == metric_name_label) return wrong(std::string(kind) + " " + name + ": no such name can be");
    const std::string where = place_ + ": " + kind + " " + name;
    auto read = text_template::parse({where, text}, text_template::Place::rule, nullptr, template_limits);
    if (!read) return read.error();
    return NamedTemplate{name, std::move(*read)};
  }

  Status read_hysteresis(const HysteresisConfiguration& source, Rule& rule) const {
    if (!rule.is_alert && source != HysteresisConfiguration{}) return wrong("expected no hysteresis of a recording rule");
    if (const std::optional<SlotsConfiguration>& slots = source.k_of_n) {
      if (slots->held < 1 || slots->held > slots->of || slots->of > counted_slots_max)
        return wrong("k_of_n: expected K of N with 1 <= K <= N <= " + std::to_string(counted_slots_max));
      rule.timing.count = SlotCount{slots->held, group_.interval * slots->of};
    }
    if (source.recover.empty()) return {};
    auto expression = promql::parse(source.recover);
    if (!expression) return wrong("recover: " + expression.error().text());
    if (expression->type() != promql::ValueType::instant_vector) return wrong("recover: expected an instant vector");
    auto selectors = Selectors::of(*expression, lookback_);
    if (!selectors) return wrong("recover: " + selectors.error().detail);
    rule.recovery = Rule::Recovery{std::move(*expression), std::move(*selectors)};
    return {};
  }

  // Labels of recording rules are no templates.
  Status read_labels(const std::map<std::string, std::string>& labels, Rule& rule) const {
    for (const auto& [name, text] : labels) {
      auto read = read_template("label", name, rule.is_alert ? text : std::string());
      if (!read) return read.error();
      if (read->text.is_plain_text()) rule.plain_labels.emplace_back(name, text);
      else rule.dynamic_labels.push_back(std::move(*read));
    }
    if (rule.is_alert) rule.plain_labels.emplace_back("alertname", rule.name);
    return {};
  }

  const GroupSource& group_;
  Duration lookback_;
  std::string place_;
};

}  // namespace

GroupSource source_of(const RuleGroupConfiguration& group) {
  GroupSource source;
  source.file = group.file;
  source.name = group.name;
  source.interval = group.interval;
  source.query_offset = group.query_offset;
  source.limit = group.limit;
  for (const RuleConfiguration& rule : group.rules)
    source.rules.push_back({rule.alert, rule.record, rule.expression, rule.for_, rule.keep_firing_for, rule.labels,
                            rule.annotations, false, {}});
  return source;
}

Result<RuleGroup> compile(const GroupSource& source, Duration lookback) {
  RuleGroup group{source.file,  source.name, source.file + ";" + source.name, source.interval, source.query_offset,
                  source.limit, {}};
  if (source.interval <= Duration{})
    return Error{ErrorKind::invalid, "compile", source.file + ": group " + source.name, "interval: expected more than 0"};
  Compiler compiler(source, lookback);
  // Rules that are equal in all that names them are told apart by their order.
  std::map<std::tuple<std::string, std::string, std::map<std::string, std::string>>, std::uint32_t> seen;
  for (const RuleSource& rule : source.rules) {
    std::map<std::string, std::string> labels = rule.labels;
    labels.insert(source.labels.begin(), source.labels.end());
    const std::uint32_t ordinal = seen[{rule.alert + rule.record, rule.expression, labels}]++;
    Result<Rule> compiled = compiler.compile(rule, ordinal, std::move(labels));
    if (!compiled) return compiled.error();
    group.rules.push_back(std::move(*compiled));
  }
  return group;
}

void withdraw_early_looks_at_outputs(std::vector<RuleGroup>& groups) {
  std::set<std::string, std::less<>> outputs{std::string(alerts_metric), std::string(alerts_for_state_metric)};
  for (const RuleGroup& group : groups)
    for (const Rule& rule : group.rules)
      if (!rule.is_alert) outputs.insert(rule.name);
  const std::vector<std::string> names(outputs.begin(), outputs.end());
  for (RuleGroup& group : groups)
    for (Rule& rule : group.rules)
      if (rule.selectors.reads_any(names) || rule.selectors.empty()) rule.looks_early = false;
}

}  // namespace watchbill::metrics::rules
