// One evaluation of one rule: from its vector to what is written and told. Internal to the folder.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "metrics/rules/found_series.h"
#include "metrics/rules/group.h"

namespace watchbill::metrics::rules {

class RuleEvaluation {
 public:
  struct Inputs {
    Instant at;
    LookKind kind{LookKind::slot};
    const tsdb::Snapshot& snapshot;
    const StoreReadiness& readiness;
    promql::CommonUse common;  // what the rules of the group have in common
  };
  RuleEvaluation(GroupEvaluator& evaluator, std::size_t rule, const Inputs& inputs);

  // Fills `batch` with what the rule writes (slots only). Gives what the core is to be told.
  [[nodiscard]] RuleOutcome run(SampleBatch& batch);

 private:
  using Failure = std::optional<std::string>;

  // For one more query of this rule.
  [[nodiscard]] promql::EvaluationOptions options() const;
  [[nodiscard]] std::string text_of(const promql::EvaluationError& error) const;
  [[nodiscard]] Failure ask();
  [[nodiscard]] Failure record(SampleBatch& batch);
  [[nodiscard]] Failure judge(std::vector<Element*>& moved);
  [[nodiscard]] Failure ask_recovery();
  [[nodiscard]] bool has_recovered(const Element& element);
  [[nodiscard]] Failure see(const promql::AnswerSeries& series);
  [[nodiscard]] Labels labels_of(const Labels& element, double value) const;
  [[nodiscard]] Labels identity_of(const Labels& element, const Labels& labels) const;
  [[nodiscard]] Presence presence_of(const Element& element);
  [[nodiscard]] bool is_loaded(const Selectors& selectors) const;
  [[nodiscard]] bool is_judged_anew(const Element& element, const Selectors& selectors, FoundSeries& found) const;
  [[nodiscard]] std::string expand(const text_template::Template& text, const Labels& element, double value) const;
  [[nodiscard]] text_template::Answer query(std::string_view expression);
  [[nodiscard]] std::map<std::string, std::string> annotations_of(const Element& element) const;
  void keep_text(const Element& element);
  void show(Element& element, SampleBatch& batch) const;
  void tell(const std::vector<Element*>& moved, RuleOutcome& outcome);
  [[nodiscard]] ElementChange change_of(const Element& element, Agreement& agreement, std::size_t samples_max);
  [[nodiscard]] std::vector<SeenSeries> samples_of(const Element& element, Agreement& agreement, std::size_t samples_max);
  [[nodiscard]] NoteRuleAnswer new_answer(std::uint32_t part) const;
  void forget();

  const RuleGroup& group_;
  const Rule& rule_;
  RuleMemory& memory_;
  const Surroundings& surroundings_;
  const Inputs& inputs_;
  const Instant query_at_;
  const std::int64_t begun_us_;
  Failure over_time_;  // once a query of a template met the end of the rule's time
  text_template::Environment environment_;
  promql::Answer answer_;
  std::optional<FoundSeries> found_;  // of the answer
  bool absences_count_{true};
  // What the `recover` query answered; stays where it is.
  struct Recovered {
    Recovered(promql::Answer answered, bool loaded, const Selectors& selectors, const tsdb::Snapshot& snapshot, Instant at);
    promql::Answer answer;
    bool is_loaded;
    FoundSeries found;  // by `answer`
    promql::SelectorFound elements;  // of the answer, as Agreement takes them
    Agreement agreement;
  };
  std::optional<Recovered> recovered_;  // once ask_recovery() has asked
};

}  // namespace watchbill::metrics::rules
