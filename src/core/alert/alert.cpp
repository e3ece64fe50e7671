#include "core/alert/alert.h"

#include <set>

namespace watchbill::core::alert {
namespace {

constexpr std::size_t retired_at_once_max = 256;  // alerts of one RetireRule: half of what one decision may give
constexpr std::size_t failure_bytes_max = 1024;   // of a reason; expressions may be long, reasons need not
constexpr std::size_t rule_id_digits = 32;

Subject subject_for(const std::string& alert) { return {Area::alert, alert}; }

void index(Schedule& schedule, const std::string& id, const Alert& alert, const Limits& limits) {
  const bool is_over = alert.phase == AlertPhase::inactive;
  schedule.deadlines.set(subject_for(id), is_over ? *alert.resolved_at + limits.resolved_alert_age_max : Instant::never());
}

Refused not_the_controller() { return Refused{Refusal::role_missing, "answers of rules come from the controller itself"}; }

Refused too_many_alerts(const State& state) {
  return Refused{Refusal::too_many_alerts, std::to_string(state.alerts.size()) + " alerts are kept"};
}

// Empty when the command is one that an evaluator sends.
std::string malformed(const NoteRuleAnswer& command, const Limits& limits) {
  if (command.rule.text.size() != rule_id_digits) return "rule: expected 32 hex digits";
  if (command.changes.size() > limits.rule_answer_changes_max)
    return "changes: expected at most " + std::to_string(limits.rule_answer_changes_max) + " in one part";
  if (command.count && (command.count->held == 0 || command.count->window <= Duration{}))
    return "count: expected at least one slot in a window of more than 0";
  for (std::size_t i = 0; i < command.changes.size(); ++i) {
    if (i > 0 && command.changes[i - 1].labels >= command.changes[i].labels)
      return "changes: expected ascending labels, each once";
    if (sample_count(command.changes[i].samples) > seen_samples_max) return "samples: expected at most 32";
  }
  return {};
}

// Only what has the evaluator's word for it becomes an event; the alert's own state is the truth.
struct Answering {
  const State& state;
  const NoteRuleAnswer& command;
  RuleEvaluated evaluated;
  Events moves;
  std::size_t added{0};  // alerts that the table will get

  void take(const ElementChange& change) {
    const AlertId id = alert_id(command.rule, change.labels);
    const Alert* alert = state.alerts.find(id.text);
    const AlertCourse course = alert != nullptr ? course_of(*alert) : AlertCourse{};
    const AlertTiming timing{command.hold, command.keep_firing_for, command.count};
    switch (next_move(course, change.presence, command.at, timing, command.kind)) {
      case AlertMove::none: return;
      case AlertMove::became_pending:
        added += alert == nullptr ? 1U : 0U;
        moves.emplace_back(AlertBecamePending{id, change.annotations, command.at, change.element, command.expression,
                                              command.hold, change.labels, command.rule, change.samples, change.value});
        return;
      case AlertMove::fired:
        added += alert == nullptr ? 1U : 0U;
        moves.emplace_back(AlertFired{course.phase == AlertPhase::pending ? course.active_at : command.at, id, change.annotations,
                                      false, command.at, change.element, std::nullopt, command.expression, {}, command.hold,
                                      change.labels, command.rule, change.samples, AlertSource::rule, change.value});
        return;
      case AlertMove::held: evaluated.held.push_back(id); return;
      case AlertMove::kept: evaluated.kept.push_back(id); return;
      case AlertMove::returned: evaluated.returned.push_back(id); return;
      case AlertMove::resolved:
        moves.emplace_back(AlertResolved{id, command.at, change.cause, change.labels, command.rule, course.phase});
        return;
    }
  }
};

// What is the same for a built-in alert whether or not the bill binds it: its identity.
Labels identity_of(const std::string& name, const std::string& subject_label, const std::string& subject) {
  return Labels({{"alertname", name}, {"source", "watchbill"}, {subject_label, subject}});
}

AlertId built_in_id(const std::string& name, const Labels& identity) {
  return alert_id(rule_id({"built-in", "built-in", name, Digest{}, {}, 0}), identity);
}

}  // namespace

Decision decide(const State& state, const Facts& facts, const NoteRuleAnswer& command, const Context& context) {
  if (!facts.actor_may_report) return not_the_controller();
  if (std::string what = malformed(command, context.limits); !what.empty()) return Refused{Refusal::bad_argument, what};
  const Rule* rule = state.rules.find(command.rule.text);
  if (rule != nullptr && command.at < rule->answered_at)
    return Refused{Refusal::changed_meanwhile, "rule " + command.name + " has a later answer"};
  Answering answering{state,
                      command,
                      RuleEvaluated{command.at, command.expression, command.group, {}, {}, command.kind, command.name,
                                    command.part, {}, command.rule},
                      {},
                      0};
  for (const ElementChange& change : command.changes) answering.take(change);
  if (state.alerts.size() + answering.added > context.limits.alerts_max) return too_many_alerts(state);
  const RuleEvaluated& evaluated = answering.evaluated;
  const bool heals = rule != nullptr && rule->failing_since.has_value();
  const bool is_news = !evaluated.held.empty() || !evaluated.kept.empty() || !evaluated.returned.empty();
  if (answering.moves.empty() && !is_news && !heals) return Events{};
  if (rule == nullptr && state.rules.size() >= context.limits.rules_max)
    return Refused{Refusal::too_many_rules, std::to_string(state.rules.size()) + " rules are kept"};
  Events events;
  events.reserve(answering.moves.size() + 1);
  events.emplace_back(std::move(answering.evaluated));
  for (Event& move : answering.moves) events.push_back(std::move(move));
  return events;
}

Decision decide(const State& state, const Facts& facts, const NoteRuleFailure& command, const Context& context) {
  if (!facts.actor_may_report) return not_the_controller();
  if (command.rule.text.size() != rule_id_digits) return Refused{Refusal::bad_argument, "rule: expected 32 hex digits"};
  const std::string message = command.message.substr(0, failure_bytes_max);
  const Rule* rule = state.rules.find(command.rule.text);
  if (rule != nullptr && rule->failing_since && rule->failure == message) return Events{};
  if (rule == nullptr && state.rules.size() >= context.limits.rules_max)
    return Refused{Refusal::too_many_rules, std::to_string(state.rules.size()) + " rules are kept"};
  return Events{RuleEvaluationFailed{command.at, command.expression, command.group, message, command.name, command.rule}};
}

Decision decide(const State& state, const Facts& facts, const RetireRule& command, const Context&) {
  if (!facts.actor_may_report) return not_the_controller();
  if (command.rule.text.size() != rule_id_digits) return Refused{Refusal::bad_argument, "rule: expected 32 hex digits"};
  Events events;
  bool is_last = true;
  each_of_rule(state, command.rule, [&](const std::string& id, const Alert& alert) {
    if (alert.phase == AlertPhase::inactive) return true;
    is_last = events.size() < retired_at_once_max;
    if (is_last)
      events.emplace_back(AlertResolved{AlertId{id}, command.at, AlertEnd::no_series, alert.labels, command.rule, alert.phase});
    return is_last;
  });
  if (is_last && state.rules.contains(command.rule.text))
    events.emplace_back(ObjectArchived{"rule", command.rule.text, Area::alert});
  return events;
}

Decision decide(const State& state, const Facts& facts, const RaiseAlert& command, const Context& context) {
  if (!facts.actor_may_report) return not_the_controller();
  if (command.name.empty() || command.subject.empty() || !is_label_name(command.subject_label))
    return Refused{Refusal::bad_argument, "expected a name, a label and its value"};
  Labels labels = identity_of(command.name, command.subject_label, command.subject);
  const AlertId id = built_in_id(command.name, labels);
  const Alert* alert = state.alerts.find(id.text);
  if (alert != nullptr && alert->phase == AlertPhase::firing) return Events{};
  if (alert == nullptr && state.alerts.size() >= context.limits.alerts_max) return too_many_alerts(state);
  labels.set("severity", "critical");
  if (!command.bound) labels.set("unbound", "built-in");
  return Events{AlertFired{context.at, id, command.annotations, false, context.at, {}, {}, {}, {}, {}, labels, {}, {},
                           AlertSource::built_in, {}}};
}

Decision decide(const State& state, const Facts& facts, const ClearAlert& command, const Context& context) {
  if (!facts.actor_may_report) return not_the_controller();
  const AlertId id = built_in_id(command.name, identity_of(command.name, command.subject_label, command.subject));
  const Alert* alert = state.alerts.find(id.text);
  if (alert == nullptr || alert->phase != AlertPhase::firing) return Events{};
  return Events{AlertResolved{id, context.at, AlertEnd::condition_false, alert->labels, {}, AlertPhase::firing}};
}

Decision decide(const State& state, const Facts& facts, const NoteAlerts& command, const Context& context) {
  if (!facts.actor_may_post) return Refused{Refusal::role_missing, "alerts from outside need the role operator"};
  if (command.alerts.size() > context.limits.rule_answer_changes_max)
    return Refused{Refusal::bad_argument,
                   "alerts: expected at most " + std::to_string(context.limits.rule_answer_changes_max) + " at once"};
  const bool is_anonymous = context.actor.name == anonymous_actor;
  Events events;
  std::set<std::string> seen;
  std::size_t added = 0;
  for (const OutsideAlert& one : command.alerts) {
    if (one.labels.empty()) return Refused{Refusal::bad_argument, "labels: expected at least one"};
    const AlertId id = outside_id(one.labels);
    if (!seen.insert(id.text).second) return Refused{Refusal::bad_argument, "alerts: expected each once: " + one.labels.text()};
    const Alert* known = state.alerts.find(id.text);
    const bool fires = known != nullptr && known->phase == AlertPhase::firing;
    if (one.cause && fires) {
      const AlertEnd cause = is_anonymous && !known->anonymous ? AlertEnd::expired : *one.cause;
      events.emplace_back(AlertResolved{id, one.ends_at.value_or(context.at), cause, one.labels, {}, AlertPhase::firing});
    } else if (!one.cause && !fires) {
      added += known == nullptr ? 1U : 0U;
      events.emplace_back(AlertFired{one.starts_at, id, one.annotations, is_anonymous, one.starts_at, {}, one.ends_at,
                                     {}, one.generator_url, {}, one.labels, {}, {}, AlertSource::outside, {}});
    }
  }
  const std::size_t room = context.limits.alerts_max - context.limits.alerts_max / 10;
  if (added > 0 && state.alerts.size() + added > room) return too_many_alerts(state);
  return events;
}

Decision decide(const State& state, const Facts&, const MeetDeadline& deadline, const Context&) {
  WB_ASSERT(state.alerts.contains(deadline.subject), "the index names only alerts that exist");
  return Events{ObjectArchived{"alert", deadline.subject, Area::alert}};
}

void apply(State& state, const RuleEvaluated& event, const Applying&) {
  Rule& rule = state.rules.edit_or_insert(event.rule.text);
  rule.answered_at = event.at;
  rule.expression = event.expression;
  rule.failing_since.reset();
  rule.group = event.group;
  rule.name = event.name;
  for (const AlertId& id : event.held) add_held(state.alerts.edit(id.text).held_at, event.at);
  for (const AlertId& id : event.kept) state.alerts.edit(id.text).kept_since = event.at;
  for (const AlertId& id : event.returned) state.alerts.edit(id.text).kept_since.reset();
}

void apply(State& state, const RuleEvaluationFailed& event, const Applying&) {
  Rule& rule = state.rules.edit_or_insert(event.rule.text);
  if (!rule.failing_since) rule.failing_since = event.at;
  rule.expression = event.expression;
  rule.failure = event.message;
  rule.group = event.group;
  rule.name = event.name;
}

void apply(State& state, const AlertBecamePending& event, const Applying& applying) {
  Alert& alert = state.alerts.edit_or_insert(event.alert.text);
  alert = Alert{};
  alert.active_at = event.at;
  alert.annotations = event.annotations;
  alert.element = event.element;
  alert.expression = event.expression;
  alert.labels = event.labels;
  alert.phase = AlertPhase::pending;
  alert.rule = event.rule;
  alert.samples = event.samples;
  alert.value = event.value;
  index(applying.schedule, event.alert.text, alert, applying.limits);
}

void apply(State& state, const AlertFired& event, const Applying& applying) {
  Alert& alert = state.alerts.edit_or_insert(event.alert.text);
  alert = Alert{};
  alert.active_at = event.active_at;
  alert.annotations = event.annotations;
  alert.anonymous = event.anonymous;
  alert.element = event.element;
  alert.ends_at = event.ends_at;
  alert.expression = event.expression;
  alert.fired_at = event.at;
  alert.generator_url = event.generator_url;
  alert.labels = event.labels;
  alert.phase = AlertPhase::firing;
  alert.rule = event.rule;
  alert.samples = event.samples;
  alert.source = event.source;
  alert.value = event.value;
  index(applying.schedule, event.alert.text, alert, applying.limits);
}

void apply(State& state, const AlertResolved& event, const Applying& applying) {
  if (event.was == AlertPhase::pending) {
    const bool erased = state.alerts.erase(event.alert.text);
    WB_ASSERT(erased, "only an alert that is kept resolves");
    applying.schedule.deadlines.remove(subject_for(event.alert.text));
    return;
  }
  Alert& alert = state.alerts.edit(event.alert.text);
  alert.cause = event.cause;
  alert.ends_at.reset();
  alert.kept_since.reset();
  alert.phase = AlertPhase::inactive;
  alert.resolved_at = event.at;
  index(applying.schedule, event.alert.text, alert, applying.limits);
}

void apply_archived(State& state, const std::string& id, const Applying& applying) {
  if (id.size() == rule_id_digits) {
    const bool erased = state.rules.erase(id);
    WB_ASSERT(erased, "only a rule that is kept is archived");
    return;
  }
  const bool erased = state.alerts.erase(id);
  WB_ASSERT(erased, "only an alert that is kept is archived");
  applying.schedule.deadlines.remove(subject_for(id));
}

AlertId outside_id(const Labels& labels) {
  return alert_id(rule_id({"outside", "outside", labels.get("alertname"), Digest{}, {}, 0}), labels);
}

const Alert* firing_built_in(const State& state, const std::string& name, const std::string& subject_label,
                             const std::string& subject) {
  const Alert* alert = state.alerts.find(built_in_id(name, identity_of(name, subject_label, subject)).text);
  return alert != nullptr && alert->phase == AlertPhase::firing ? alert : nullptr;
}

AlertCourse course_of(const Alert& alert) {
  return {alert.phase, alert.active_at, alert.kept_since, alert.held_at};
}

void rebuild(const State& state, Schedule& schedule, const Limits& limits) {
  state.alerts.each([&](const std::string& id, const Alert& alert) {
    index(schedule, id, alert, limits);
    return true;
  });
}

}  // namespace watchbill::core::alert
