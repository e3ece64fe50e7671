// One rule group over a store, with a core that records its answers: time goes by in slots.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "alert/desk.h"
#include "metrics/promql/parser.h"
#include "metrics/promql/print.h"
#include "metrics/rules/group.h"
#include "metrics/tsdb/head.h"

namespace watchbill::metrics::rules {

class Stand {
 public:
  explicit Stand(std::vector<RuleSource> rules, Duration interval = Duration::seconds(15)) {
    source.file = "web.yml";
    source.name = "web";
    source.interval = interval;
    source.rules = std::move(rules);
    restart();
  }

  // A new life of the evaluator: it knows what the journal has.
  void restart() {
    auto group = compile(source);
    if (!group) {
      compile_error = group.error().text();
      return;
    }
    evaluator = std::make_unique<GroupEvaluator>(std::move(*group), surroundings, now);
    for (const Rule& rule : evaluator->group().rules) {
      std::vector<InheritedAlert> inherited;
      core::alert::each_of_rule(desk.state.alert, rule.id, [&](const std::string&, const core::alert::Alert& alert) {
        if (alert.phase != AlertPhase::inactive)
          inherited.push_back(InheritedAlert{alert.element, alert.labels, core::alert::course_of(alert)});
        return true;
      });
      evaluator->inherit(rule.id, inherited, false);
    }
  }

  void put(const Labels& labels, double value, Duration ago = {}) { static_cast<void>(head.append(labels, now - ago, value)); }
  void put(const char* name, const char* instance, double value) {
    put(Labels({{"__name__", name}, {"instance", instance}, {"job", "web"}}), value);
  }

  // What the core makes of an evaluation, "; " between answers. Confirmed as the engine would.
  std::string take(const Evaluation& done) {
    last = done;
    std::string out;
    const auto add = [&out](const std::string& text) {
      if (text == "nothing") return;
      out += (out.empty() ? "" : "; ") + text;
    };
    for (const RuleOutcome& outcome : done.outcomes) {
      if (outcome.failure) {
        add(desk.ask(*outcome.failure));
        evaluator->confirm_failure(outcome.rule);
      }
      for (const NoteRuleAnswer& answer : outcome.answers) {
        desk.now = now;
        add(desk.ask(answer));
        evaluator->confirm(outcome.rule, answer.part);
      }
    }
    return out;
  }
  std::string slot() { return take(evaluator->evaluate(now, head, readiness)); }
  std::string look(std::vector<std::size_t> rules = {0}) { return take(evaluator->look_early(rules, now, head.snapshot())); }
  void pass(int seconds) { now = now + Duration::seconds(seconds); }

  // The present answer to an expression: "LABELS VALUE; …".
  std::string ask(std::string_view text) {
    const auto expression = promql::parse(text);
    if (!expression) return expression.error().text();
    const auto answer = promql::evaluate(*expression, head.snapshot(), promql::QueryTime::at(now));
    if (!answer) return answer.error().message;
    std::string out;
    for (const promql::AnswerSeries& series : answer->series)
      out += (out.empty() ? "" : "; ") + series.labels.text() + " " +
             promql::value_text(series.samples.front().v, answer->histograms);
    return out;
  }
  [[nodiscard]] std::vector<const core::alert::Alert*> alerts() const {
    std::vector<const core::alert::Alert*> out;
    desk.state.alert.alerts.each([&](const std::string&, const core::alert::Alert& alert) {
      out.push_back(&alert);
      return true;
    });
    return out;
  }

  Instant now{1'772'366'400'000};
  GroupSource source;
  Surroundings surroundings{text_template::AnnotationScope(Labels({Labels::Pair("site", "vie")}), "http://watch.example"), {}};
  StoreReadiness readiness;
  tsdb::Head head;
  core::alert::Desk desk;
  std::unique_ptr<GroupEvaluator> evaluator;
  Evaluation last;
  std::string compile_error;
};

inline RuleSource alerting(const std::string& name, const std::string& expression, int hold_seconds = 0) {
  RuleSource rule;
  rule.alert = name;
  rule.expression = expression;
  rule.hold = Duration::seconds(hold_seconds);
  return rule;
}
inline RuleSource recording(const std::string& name, const std::string& expression) {
  RuleSource rule;
  rule.record = name;
  rule.expression = expression;
  return rule;
}

}  // namespace watchbill::metrics::rules
