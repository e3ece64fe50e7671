// Alerts: inactive → pending → firing → resolved, as the answers of rules and conditions of our own move them.
//
// Slots are the truth: what resolves, resolves at a slot, and `for` is measured between looks, as in Prometheus; an early look
// may only raise. No deadline moves an alert: a state that no answer confirms does not change. Source: design/architecture.md
// (metrics path), domain/incidents.md §4; the machine itself is model/alert.h.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "model/alert.h"
#include "model/command.h"
#include "model/decide.h"
#include "model/event.h"
#include "model/table.h"

namespace watchbill::core::alert {

// A pending or firing alert, or one that fired and was resolved a short while ago.
struct Alert {
  Instant active_at;
  std::map<std::string, std::string> annotations;
  bool anonymous{false};             // it was posted without a token
  std::optional<AlertEnd> cause;     // of a resolved one
  Labels element;                    // labels of the answer's element, without the rule's own
  std::optional<Instant> ends_at;    // of a firing one from outside: as its sender said when it fired
  Digest expression;
  std::optional<Instant> fired_at;
  std::string generator_url;         // of one from outside
  std::vector<Instant> held_at;      // as in AlertCourse
  std::optional<Instant> kept_since;
  Labels labels;
  AlertPhase phase{AlertPhase::pending};
  std::optional<Instant> resolved_at;
  RuleId rule;
  std::vector<SeenSeries> samples;   // that the last decision rests on
  AlertSource source{AlertSource::rule};
  std::string value;                 // at that decision
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("active_at_ms", &Alert::active_at),     field("annotations", &Alert::annotations),
              field("anonymous", &Alert::anonymous),
              field("cause", &Alert::cause),                field("element", &Alert::element),
              field("ends_at_ms", &Alert::ends_at),         field("expression", &Alert::expression),
              field("fired_at_ms", &Alert::fired_at),       field("generator_url", &Alert::generator_url),
              field("held_at_ms", &Alert::held_at),
              field("kept_since_ms", &Alert::kept_since),   field("labels", &Alert::labels),
              field("phase", &Alert::phase),                field("resolved_at_ms", &Alert::resolved_at),
              field("rule", &Alert::rule),                  field("samples", &Alert::samples),
              field("source", &Alert::source),              field("value", &Alert::value));
  }
};

// What the journal knows of a rule: kept from its first answer that changed something until it is retired.
struct Rule {
  Instant answered_at;                   // of the last recorded answer
  Digest expression;
  std::optional<Instant> failing_since;  // its evaluation fails
  std::string failure;                   // the last one's reason; stays to be read
  std::string group;                     // FILE;GROUP
  std::string name;
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("answered_at_ms", &Rule::answered_at),      field("expression", &Rule::expression),
              field("failing_since_ms", &Rule::failing_since),  field("failure", &Rule::failure),
              field("group", &Rule::group),                     field("name", &Rule::name));
  }
};

struct State {
  Table<std::string, Alert> alerts;  // by alert id; those of one rule stand together
  Table<std::string, Rule> rules;    // by rule id
};

struct Facts {
  bool actor_may_post{false};    // role operator, or whoever the edge lets post without a name
  bool actor_may_report{false};  // the controller itself
};

// Gives RuleEvaluated, and AlertBecamePending, AlertFired or AlertResolved for each alert that moves; nothing when the answer
// changes nothing. Refuses `changed_meanwhile` (older than an answer that was recorded), `too_many_alerts`, `too_many_rules`,
// `bad_argument`.
[[nodiscard]] Decision decide(const State& state, const Facts& facts, const NoteRuleAnswer& command, const Context& context);
// Gives RuleEvaluationFailed when the rule worked before or fails for another reason. Alerts stay as they are.
[[nodiscard]] Decision decide(const State& state, const Facts& facts, const NoteRuleFailure& command, const Context& context);
// Gives AlertResolved for some of the rule's alerts; after the last one ObjectArchived for the rule itself.
[[nodiscard]] Decision decide(const State& state, const Facts& facts, const RetireRule& command, const Context& context);
// Gives AlertFired; nothing when it fires already.
[[nodiscard]] Decision decide(const State& state, const Facts& facts, const RaiseAlert& command, const Context& context);
// Gives AlertResolved; nothing when it does not fire.
[[nodiscard]] Decision decide(const State& state, const Facts& facts, const ClearAlert& command, const Context& context);
// Gives AlertFired for each that fires and did not, AlertResolved for each that is over and fires; nothing for what is known. An
// end that comes without a token, of one that fired with one, is `expired`: no good news. A tenth of limits.alerts_max is kept
// for rules and conditions of our own. Refuses `too_many_alerts` and `bad_argument`, all or none.
[[nodiscard]] Decision decide(const State& state, const Facts& facts, const NoteAlerts& command, const Context& context);
// The end of a resolved alert's time in state: ObjectArchived.
[[nodiscard]] Decision decide(const State& state, const Facts& facts, const MeetDeadline& deadline, const Context& context);

void apply(State& state, const RuleEvaluated& event, const Applying& applying);
void apply(State& state, const RuleEvaluationFailed& event, const Applying& applying);
void apply(State& state, const AlertBecamePending& event, const Applying& applying);
void apply(State& state, const AlertFired& event, const Applying& applying);
void apply(State& state, const AlertResolved& event, const Applying& applying);
// An alert, or a rule: ids of the two differ in length.
void apply_archived(State& state, const std::string& id, const Applying& applying);

// The id of an alert from outside: the same labels are the same alert, whoever sends them.
[[nodiscard]] AlertId outside_id(const Labels& labels);
// The built-in alert of this name about this subject while it fires, else null.
[[nodiscard]] const Alert* firing_built_in(const State& state, const std::string& name, const std::string& subject_label,
                                           const std::string& subject);

// Where the state machine has this alert.
[[nodiscard]] AlertCourse course_of(const Alert& alert);

// Calls visit(id, alert) for the alerts of one rule until it returns false: what an evaluator is given after a start.
template <class Visit>
void each_of_rule(const State& state, const RuleId& rule, Visit&& visit) {
  state.alerts.each_from(rule.text, [&](const std::string& id, const Alert& alert) {
    return id.starts_with(rule.text) && visit(id, alert);
  });
}

// Adds the deadlines of resolved alerts to an empty index: the full scan.
void rebuild(const State& state, Schedule& schedule, const Limits& limits);

}  // namespace watchbill::core::alert
