#include "metrics/rules/group.h"

#include <algorithm>
#include <functional>
#include <set>
#include <string>

#include "base/assert.h"
#include "metrics/rules/evaluation.h"
#include "metrics/rules/slots.h"

namespace watchbill::metrics::rules {
namespace {

// What the group itself writes differs from one rule to the next: only selectors of other names may be shared.
promql::CommonParts common_parts_of(const RuleGroup& group) {
  std::set<std::string, std::less<>> written{std::string(alerts_metric), std::string(alerts_for_state_metric)};
  std::vector<const promql::Expression*> expressions;
  for (const Rule& rule : group.rules) {
    expressions.push_back(&rule.expression);
    if (!rule.is_alert) written.insert(rule.name);
  }
  return promql::CommonParts(expressions, [&written](const promql::VectorSelector& selector) {
    return std::any_of(selector.matchers.begin(), selector.matchers.end(), [&](const promql::SelectorMatcher& matcher) {
      return matcher.name == metric_name_label && matcher.op == promql::MatchOperator::equal && !matcher.value.empty() &&
             !written.contains(matcher.value);
    });
  });
}

}  // namespace

GroupEvaluator::GroupEvaluator(RuleGroup group, const Surroundings& surroundings, Instant start)
    : group_(std::move(group)),
      surroundings_(surroundings),
      common_(common_parts_of(group_)),
      memories_(group_.rules.size()),
      health_(group_.rules.size()),
      last_good_(start) {}

void GroupEvaluator::inherit(const RuleId& id, std::span<const InheritedAlert> alerts, bool is_failing) {
  for (std::size_t i = 0; i < group_.rules.size(); ++i) {
    const Rule& rule = group_.rules[i];
    if (rule.id != id) continue;
    memories_[i].is_failing = is_failing;
    for (const InheritedAlert& alert : alerts) {
      Labels identity = alert.labels;
      if (rule.dynamic_labels.empty()) {
        identity = alert.element;
        identity.remove(metric_name_label);
        for (const auto& [name, value] : rule.plain_labels) identity.remove(name);
      }
      Element& element = memories_[i].elements[identity];
      element.labels = alert.labels;
      element.element = alert.element;
      element.course = element.next = alert.course;
      element.is_inherited = true;
    }
  }
}

void GroupEvaluator::take_over(GroupEvaluator& former) {
  last_good_ = former.last_good_;
  for (std::size_t i = 0; i < group_.rules.size(); ++i)
    for (std::size_t k = 0; k < former.group_.rules.size(); ++k) {
      if (group_.rules[i].id != former.group_.rules[k].id) continue;
      memories_[i] = std::move(former.memories_[k]);
      health_[i] = std::move(former.health_[k]);
      former.memories_[k] = RuleMemory{};
    }
}

void GroupEvaluator::end_series(Instant at, tsdb::Head& head) {
  SampleBatch batch;
  for (RuleMemory& memory : memories_) {
    for (const auto& [labels, series] : memory.recorded) batch.end(labels, series.reference);
    for (const auto& [identity, element] : memory.elements) {
      if (!element.shown) continue;
      batch.end(element.alerts.labels, element.alerts.reference);
      batch.end(element.for_state.labels, element.for_state.reference);
    }
    memory = RuleMemory{};
  }
  static_cast<void>(batch.write(head, at - group_.query_offset));
}

Evaluation GroupEvaluator::evaluate(Instant slot, tsdb::Head& head, const StoreReadiness& readiness) {
  Evaluation out;
  out.rule_count = group_.rules.size();
  std::optional<tsdb::Snapshot> snapshot;
  promql::CommonValues values(common_);
  const std::int64_t slot_begun_us = stopwatch_us();
  std::int64_t begun_us = slot_begun_us;
  for (std::size_t i = 0; i < group_.rules.size(); ++i) {
    if (!snapshot) snapshot = head.snapshot();
    SampleBatch batch;
    RuleOutcome outcome =
        RuleEvaluation(*this, i, {slot, LookKind::slot, *snapshot, readiness, {&common_, i, &values}}).run(batch);
    outcome.rule = i;
    const SampleBatch::Counts counts = batch.write(head, slot - group_.query_offset);
    if (counts.written > 0) snapshot.reset();  // the next rule sees what this one wrote
    out.samples_written += counts.written;
    out.samples_refused += counts.refused;
    out.failure_count += outcome.failure.has_value() ? 1U : 0U;
    const std::int64_t ended_us = stopwatch_us();
    health_[i] =
        RuleHealth{slot, outcome.failure ? outcome.failure->message : std::string(), counts.refusal, ended_us - begun_us};
    begun_us = ended_us;
    if (outcome.failure || !outcome.answers.empty()) out.outcomes.push_back(std::move(outcome));
  }
  out.took_us = begun_us - slot_begun_us;
  if (out.failure_count == 0) last_good_ = slot;
  return out;
}

Evaluation GroupEvaluator::look_early(std::span<const std::size_t> rules, Instant at, const tsdb::Snapshot& snapshot) {
  static const StoreReadiness absences_never_count_here{};
  Evaluation out;
  promql::CommonValues values(common_);
  for (const std::size_t i : rules) {
    WB_ASSERT(group_.rules[i].is_alert, "only alerting rules are looked at early");
    SampleBatch batch;
    RuleOutcome outcome =
        RuleEvaluation(*this, i, {at, LookKind::early, snapshot, absences_never_count_here, {&common_, i, &values}}).run(batch);
    outcome.rule = i;
    ++out.rule_count;
    out.failure_count += outcome.failure.has_value() ? 1U : 0U;
    // A look that fails says nothing: the slot will tell.
    outcome.failure.reset();
    if (!outcome.answers.empty()) out.outcomes.push_back(std::move(outcome));
  }
  return out;
}

std::int64_t GroupEvaluator::stopwatch_us() const { return surroundings_.stopwatch_us ? surroundings_.stopwatch_us() : 0; }

void GroupEvaluator::confirm(std::size_t rule, std::uint32_t part) {
  memories_[rule].is_failing = false;
  for (auto& [identity, element] : memories_[rule].elements) {
    if (!element.is_told || element.part != part) continue;
    element.course = element.next;
    element.is_told = false;
  }
}

std::vector<FiringAlert> GroupEvaluator::firing(std::size_t rule) const {
  WB_ASSERT(surroundings_.keeps_texts, "who asks for firing alerts has their texts kept");
  std::vector<FiringAlert> alerts;
  for (const auto& [labels, annotations] : memories_[rule].texts) alerts.push_back({labels, annotations});
  return alerts;
}

bool GroupEvaluator::is_silent(Instant now) const noexcept { return now - last_good_ > silence_max(group_.interval); }

}  // namespace watchbill::metrics::rules
