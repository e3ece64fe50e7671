// Evaluates one rule group: its slots, and early looks at its alerting rules.
//
// An evaluator keeps, for each alerting rule, the vector of its last recorded answer with what follows from it (model/alert.h),
// and answers with the difference: the elements whose alerts move. What it answered counts once the caller says that it was
// recorded; until then the next evaluation finds the same difference again. The core decides for itself; alerts live there. Pure:
// no clock, no thread; one evaluation of a group at a time. Source: Prometheus 2.42 rules/manager.go, alerting.go, recording.go;
// answers, causes and early looks are ours (design/architecture.md, metrics path).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "metrics/promql/evaluate.h"
#include "metrics/promql/limits.h"
#include "metrics/rules/memory.h"
#include "metrics/rules/rule.h"
#include "metrics/tsdb/head.h"
#include "model/command_alert.h"
#include "template/annotation.h"

namespace watchbill::metrics::rules {

// What is the same for all groups of a configuration; outlives their evaluators.
struct Surroundings {
  text_template::AnnotationScope scope;
  promql::EvaluationOptions options;
  bool keeps_texts{false};  // annotations are expanded at each evaluation, not only when an alert moves: for firing()
  // Microseconds since some moment, never running back; called by whoever evaluates. None: nothing is measured.
  std::function<std::int64_t()> stopwatch_us{};
  // By the stopwatch: the queries of one rule that together take longer end there, and the rule has failed. 0: they may take
  // any time.
  std::int64_t rule_us_max{promql::query_time_max.ms * 1000};
};

// What the store knows of the past: absences of inherited alerts count only when it knows enough.
struct StoreReadiness {
  Instant complete_since;                  // samples from here on are there, as far as there were any
  std::vector<Labels> unscraped_targets;   // not yet asked since the start
  Instant started{Instant::never()};       // samples from here on were taken since the start
};

// An alert that the journal has.
struct InheritedAlert {
  Labels element;
  Labels labels;
  AlertCourse course;
};

// What the core is to be told of one rule. Parts are sent in order, each confirmed for itself.
struct RuleOutcome {
  std::size_t rule{0};  // index in the group
  std::vector<NoteRuleAnswer> answers;
  std::optional<NoteRuleFailure> failure;
};

struct Evaluation {
  std::vector<RuleOutcome> outcomes;  // of rules with something to tell, in their order
  std::size_t rule_count{0};          // that were evaluated
  std::size_t failure_count{0};
  std::size_t samples_written{0};
  std::size_t samples_refused{0};     // by the store
  std::int64_t took_us{0};            // of a slot, by Surroundings::stopwatch_us
};

// What the API shows of a rule.
struct RuleHealth {
  Instant evaluated_at;   // the last slot; 0 before the first
  std::string last_error;  // empty: it gave an answer
  std::optional<tsdb::AppendRefusal> refused;  // why the store did not take one of its values; the end of a series is no value
  std::int64_t took_us{0};     // its evaluation and writing, by Surroundings::stopwatch_us
};

// An alert that fires, as Prometheus shows it.
struct FiringAlert {
  Labels labels;
  std::map<std::string, std::string> annotations;
};

class GroupEvaluator {
 public:
  // `surroundings` outlives it. `start`: the silence counts from here.
  GroupEvaluator(RuleGroup group, const Surroundings& surroundings, Instant start);

  // After a start: what the journal has of a rule. Until the first evaluation only.
  void inherit(const RuleId& rule, std::span<const InheritedAlert> alerts, bool is_failing);
  // After a reload: takes the memory of rules that both have, by their ids.
  void take_over(GroupEvaluator& former);
  // The group goes, or what is left of it after take_over(): ends the series that it wrote.
  void end_series(Instant at, tsdb::Head& head);

  // One slot: all rules in order; recording rules write before the next rule reads. Then ALERTS and ALERTS_FOR_STATE.
  [[nodiscard]] Evaluation evaluate(Instant slot, tsdb::Head& head, const StoreReadiness& readiness);
  // An early look at these rules (indexes of alerting rules). Writes no sample.
  [[nodiscard]] Evaluation look_early(std::span<const std::size_t> rules, Instant at, const tsdb::Snapshot& snapshot);
  // This part of the rule's last answer, or its failure, is recorded or changed nothing.
  void confirm(std::size_t rule, std::uint32_t part);
  void confirm_failure(std::size_t rule) { memories_[rule].is_failing = true; }

  [[nodiscard]] const RuleGroup& group() const noexcept { return group_; }
  [[nodiscard]] const RuleHealth& health(std::size_t rule) const { return health_[rule]; }
  // The alerts of a rule that fire after the last evaluation, with the texts of the last one that had their element. Holds:
  // Surroundings::keeps_texts.
  [[nodiscard]] std::vector<FiringAlert> firing(std::size_t rule) const;
  // No evaluation since silence_max() in which every rule gave an answer.
  [[nodiscard]] bool is_silent(Instant now) const noexcept;

 private:
  friend class RuleEvaluation;
  [[nodiscard]] std::int64_t stopwatch_us() const;

  RuleGroup group_;
  const Surroundings& surroundings_;
  const promql::CommonParts common_;  // of the rules' expressions, by their index
  std::vector<RuleMemory> memories_;
  std::vector<RuleHealth> health_;
  Instant last_good_;
};

}  // namespace watchbill::metrics::rules
