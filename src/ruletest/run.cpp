#include "ruletest/run.h"

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <span>

#include <fmt/core.h>

#include "base/assert.h"
#include "metrics/histogram/codec.h"
#include "metrics/histogram/text.h"
#include "metrics/promql/evaluate.h"
#include "metrics/promql/parser.h"
#include "metrics/promql/test_series.h"
#include "metrics/rules/group.h"
#include "metrics/tsdb/head.h"
#include "ruletest/compare.h"

namespace watchbill::ruletest {
namespace {

namespace histogram = metrics::histogram;
namespace promql = metrics::promql;
namespace rules = metrics::rules;
namespace tsdb = metrics::tsdb;

// The points of one series that are not yet in the store.
struct Pending {
  promql::SeriesLine series;
  config::Place place;
  std::size_t next{0};
  Instant next_at;
  tsdb::SeriesReference reference;
};

bool is_storable(const Labels& labels) {
  return std::all_of(labels.begin(), labels.end(), [](const Labels::Pair& label) {
    return label.first == metric_name_label ? is_metric_name(label.second) : is_label_name(label.first);
  });
}

class Run {
 public:
  Run(const TestFile& file, const Test& test, const Limits& limits, const std::vector<rules::RuleGroup>& groups,
      promql::Semantics semantics = promql::Semantics::prometheus_3)
      : file_(file), test_(test), limits_(limits),
        surroundings_{text_template::AnnotationScope(test.external_labels, test.external_url), {}, true} {
    surroundings_.options.subquery_step = file.evaluation_interval;
    surroundings_.options.limits = limits.evaluation;
    surroundings_.options.semantics = semantics;
    for (const rules::RuleGroup& group : groups) groups_.emplace_back(group, surroundings_, test.start);
    for (const AlertCheck& check : test.alerts) checks_.push_back(&check);
    std::stable_sort(checks_.begin(), checks_.end(),
                     [](const AlertCheck* a, const AlertCheck* b) { return a->eval_time < b->eval_time; });
  }

  Verdict verdict() {
    Verdict out{test_.shown_name, test_.place, Outcome::passed, {}};
    if (std::optional<Difference> lack = lacks()) {
      out.outcome = Outcome::refused;
      out.differences.push_back(std::move(*lack));
      return out;
    }
    if (evaluate_rules())
      for (const ExpressionCheck& check : test_.expressions) check_expression(check);
    if (!differences_.empty()) out.outcome = Outcome::failed;
    out.differences = std::move(differences_);
    return out;
  }

 private:
  // Reads the series. Gives what the test needs and this release does not have.
  std::optional<Difference> lacks() {
    for (const InputSeries& input : test_.series) {
      auto series = promql::read_series_line(input.line, limits_.points_of_line_max);
      WB_ASSERT(series.has_value(), "load_tests() has read it");
      if (!is_storable(series->labels))
        return Difference{
            input.place, "not_yet_supported", {"names of metrics and labels are letters, digits and _ in this release"}};
      // Of two with the same labels the later one counts, as in promtool.
      Pending& pending = pending_[series->labels];
      pending = Pending{std::move(*series), input.place, 0, test_.start, {}};
    }
    return std::nullopt;
  }

  // False when something could not be evaluated or stored: what follows from it would say nothing more.
  bool evaluate_rules() {
    const Instant end = test_.start + test_.length();
    for (Instant at = test_.start; at <= end; at = at + file_.evaluation_interval) {
      loaded_until_ = at;
      if (!load_until(at) || !evaluate_groups(at)) return false;
      while (next_check_ < checks_.size() && test_.start + checks_[next_check_]->eval_time < at + file_.evaluation_interval)
        check_alerts(*checks_[next_check_++]);
    }
    return true;
  }

  bool load_until(Instant until) {
    bool is_whole = true;
    for (auto& [labels, each] : pending_)
      for (; each.next < each.series.points.size() && each.next_at <= until; each.next_at = each.next_at + test_.interval) {
        const std::optional<double> point = each.series.points[each.next++];
        if (!point) continue;
        tsdb::BatchSample sample;
        sample.series = each.reference;
        sample.labels = &labels;
        sample.at = each.next_at;
        sample.value = *point;
        const std::string encoded = histogram::is_mark(*point) ? encode(each.series.histograms.at(*point)) : std::string();
        sample.histogram = encoded;
        head_.append(std::span<tsdb::BatchSample>(&sample, 1));
        each.reference = sample.series;
        if (sample.taken) continue;
        is_whole = false;
        add(each.place, fmt::format("series {} at {}", labels.text(), since_start(each.next_at)),
            {fmt::format("the store refuses the point: {}", word(sample.taken.error()))});
        break;
      }
    return is_whole;
  }

  bool evaluate_groups(Instant at) {
    bool is_good = true;
    for (rules::GroupEvaluator& group : groups_) {
      const rules::Evaluation done = group.evaluate(at, head_, {});
      for (const rules::RuleOutcome& outcome : done.outcomes) {
        for (const NoteRuleAnswer& answer : outcome.answers) group.confirm(outcome.rule, answer.part);
        if (outcome.failure) group.confirm_failure(outcome.rule);
      }
      if (done.failure_count == 0 && done.samples_refused == 0) continue;
      for (std::size_t i = 0; i < group.group().rules.size(); ++i) is_good = is_rule_good(group, i, at) && is_good;
    }
    return is_good;
  }

  bool is_rule_good(const rules::GroupEvaluator& group, std::size_t rule, Instant at) {
    const rules::RuleHealth& health = group.health(rule);
    std::string reason = health.last_error;
    if (reason.empty() && health.refused)
      reason = fmt::format("the store refuses a value: {}; does something else write the same series?", word(*health.refused));
    if (reason.empty()) return true;
    add(test_.place,
        fmt::format("rule {} of group {} at {}", group.group().rules[rule].name, group.group().name, since_start(at)),
        {std::move(reason)});
    return false;
  }

  void check_alerts(const AlertCheck& check) {
    std::vector<AlertTexts> got;
    for (const rules::GroupEvaluator& group : groups_)
      for (std::size_t i = 0; i < group.group().rules.size(); ++i) {
        const rules::Rule& rule = group.group().rules[i];
        if (!rule.is_alert || rule.name != check.alert) continue;
        for (rules::FiringAlert& alert : group.firing(i))
          got.push_back({Texts(alert.labels.begin(), alert.labels.end()), std::move(alert.annotations)});
      }
    std::vector<std::string> lines = compare_alerts(check.expected, std::move(got), limits_.differences_max);
    if (!lines.empty())
      add(check.place, fmt::format("alert {} at {}", check.alert, format_duration(check.eval_time)), std::move(lines));
  }

  void check_expression(const ExpressionCheck& check) {
    std::vector<Sample> expected;
    for (const ExpectedSample& sample : check.expected) expected.push_back({sample.labels, sample.value, notation_of(sample)});
    std::vector<Sample> got;
    std::vector<std::string> lines;
    if (std::optional<std::string> failure = ask(check, got)) lines.push_back(std::move(*failure));
    else lines = compare_samples(std::move(expected), std::move(got), file_.is_fuzzy, limits_.differences_max);
    if (lines.empty()) return;
    if (is_cut_off(check.eval_time))
      lines.push_back(
          fmt::format("points after {} are not in the store: rules are evaluated every {}, and only then it is filled",
                      since_start(loaded_until_), format_duration(file_.evaluation_interval)));
    add(check.place, fmt::format("expr {} at {}", quoted(check.expression), format_duration(check.eval_time)), std::move(lines));
  }

  std::optional<std::string> ask(const ExpressionCheck& check, std::vector<Sample>& got) {
    const auto expression = promql::parse(check.expression);
    WB_ASSERT(expression.has_value(), "load_tests() has read it");
    const Instant at = test_.start + check.eval_time;
    const auto answer = promql::evaluate(*expression, head_.snapshot(), promql::QueryTime::at(at), surroundings_.options);
    if (!answer) return fmt::format("{}: {}", word(answer.error().reason), answer.error().message);
    if (answer->type == promql::ValueType::scalar) got.push_back({{}, answer->scalar, {}});
    for (const promql::AnswerSeries& series : answer->series) {
      const double value = series.samples.front().v;
      const bool is_histogram = histogram::is_mark(value);
      got.push_back({series.labels, value, is_histogram ? notation(answer->histograms.at(value)) : std::string()});
    }
    return std::nullopt;
  }

  // The written one in the form that answers have.
  static std::string notation_of(const ExpectedSample& sample) {
    if (sample.histogram.empty()) return {};
    const Result<histogram::Notation> read = histogram::read_notation(sample.histogram);
    WB_ASSERT(read.has_value(), "load_tests() has read it");
    return notation(read->histogram);
  }

  // Whether a point that lies before this time was not loaded any more.
  [[nodiscard]] bool is_cut_off(Duration eval_time) const {
    return std::any_of(pending_.begin(), pending_.end(), [&](const auto& entry) {
      const Pending& each = entry.second;
      return each.next < each.series.points.size() && each.next_at <= test_.start + eval_time;
    });
  }

  [[nodiscard]] std::string since_start(Instant at) const { return format_duration(at - test_.start); }

  void add(const config::Place& place, std::string what, std::vector<std::string> lines) {
    differences_.push_back({place, std::move(what), std::move(lines)});
  }

  const TestFile& file_;
  const Test& test_;
  const Limits& limits_;
  tsdb::Head head_;  // nobody tells it the time: nothing is too old or too far ahead
  rules::Surroundings surroundings_;
  std::deque<rules::GroupEvaluator> groups_;
  std::map<Labels, Pending> pending_;
  std::vector<const AlertCheck*> checks_;  // by eval_time
  std::size_t next_check_{0};
  Instant loaded_until_;
  std::vector<Difference> differences_;
};

}  // namespace

std::string_view word(Outcome outcome) noexcept {
  switch (outcome) {
    case Outcome::passed: return "passed";
    case Outcome::failed: return "failed";
    case Outcome::refused: return "refused";
  }
  return "refused";
}

Runner::Runner(const TestFile& file, const Limits& limits) : file_(file), limits_(limits) {
  for (const RuleGroupConfiguration& group : file.groups) {
    Result<rules::RuleGroup> compiled = rules::compile(rules::source_of(group));
    if (compiled) groups_.push_back(std::move(*compiled));
    else if (defect_.empty()) defect_ = compiled.error().text();
  }
}

Verdict Runner::run(const Test& test) const {
  if (!defect_.empty()) return {test.shown_name, test.place, Outcome::failed, {{test.place, "rules", {defect_}}}};
  Verdict verdict = Run(file_, test, limits_, groups_).verdict();
  // A test that was written for 2.x may rest on windows that reach one point further back.
  if (verdict.outcome == Outcome::failed &&
      Run(file_, test, limits_, groups_, promql::Semantics::prometheus_2).verdict().outcome == Outcome::passed)
    verdict.differences.back().lines.emplace_back(
        "with the windows of Prometheus 2, which include their left end, the test passes: since 3.0 `[1m]` holds one point of a "
        "series that has one each 1m, and rate() needs two");
  return verdict;
}

}  // namespace watchbill::ruletest
