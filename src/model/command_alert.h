// Commands of the areas rule and alert. From the controller itself only.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/sha256.h"
#include "base/time.h"
#include "model/alert.h"
#include "model/area.h"
#include "model/fields.h"

namespace watchbill {

// One element of a rule's answer that is worth telling.
struct ElementChange {
  std::map<std::string, std::string> annotations;  // of a present one, expanded
  AlertEnd cause{AlertEnd::condition_false};       // of an absent one
  Labels element;                                  // labels in the answer
  Labels labels;                                   // of the alert
  Presence presence{Presence::present};
  std::vector<SeenSeries> samples;                 // at most seen_samples_max
  std::string value;                               // of a present one
  template <class To> static constexpr auto fields(To&& to) {
    using C = ElementChange;
    return to(field("annotations", &C::annotations), field("cause", &C::cause),       field("element", &C::element),
              field("labels", &C::labels),           field("presence", &C::presence), field("samples", &C::samples),
              field("value", &C::value));
  }
};

// What a rule's evaluation at `at` shows: the elements whose alerts may move; no others are judged. Parts of one answer have the
// same `at`. Changes ascend by labels, each once, at most limits.rule_answer_changes_max.
struct NoteRuleAnswer {
  static constexpr std::string_view type = "NoteRuleAnswer";
  static constexpr int version = 1;
  static constexpr Area area = Area::rule;
  static constexpr Lane lane = Lane::answers;
  Instant at;
  std::vector<ElementChange> changes;
  std::optional<SlotCount> count;
  Digest expression;
  std::string group;
  Duration hold;
  Duration keep_firing_for;
  LookKind kind{LookKind::slot};
  std::string name;
  std::uint32_t part{0};
  RuleId rule;
  template <class To> static constexpr auto fields(To&& to) {
    using C = NoteRuleAnswer;
    return to(field("at_ms", &C::at),   field("changes", &C::changes), field("count", &C::count),
              field("expression", &C::expression), field("group", &C::group), field("hold_ms", &C::hold),
              field("keep_firing_for_ms", &C::keep_firing_for),
              field("kind", &C::kind),  field("name", &C::name),       field("part", &C::part),
              field("rule", &C::rule));
  }
};

// A rule's evaluation gave no answer.
struct NoteRuleFailure {
  static constexpr std::string_view type = "NoteRuleFailure";
  static constexpr int version = 1;
  static constexpr Area area = Area::rule;
  static constexpr Lane lane = Lane::answers;
  Instant at;
  Digest expression;
  std::string group;
  std::string message;
  std::string name;
  RuleId rule;
  template <class To> static constexpr auto fields(To&& to) {
    using C = NoteRuleFailure;
    return to(field("at_ms", &C::at),        field("expression", &C::expression), field("group", &C::group),
              field("message", &C::message), field("name", &C::name),             field("rule", &C::rule));
  }
};

// The configuration has this rule no more: its alerts end with no_series. Bounded: ask again until nothing was recorded.
struct RetireRule {
  static constexpr std::string_view type = "RetireRule";
  static constexpr int version = 1;
  static constexpr Area area = Area::rule;
  static constexpr Lane lane = Lane::answers;
  Instant at;
  RuleId rule;
  template <class To>
  static constexpr auto fields(To&& to) { return to(field("at_ms", &RetireRule::at), field("rule", &RetireRule::rule)); }
};

// A condition of our own that somebody must be told of (domain/incidents.md §4: WorkloadFailed, RunHeld, RuleGroupSilent, …). The
// alert's labels: alertname, severity critical, source watchbill, `subject_label`, and `unbound: built-in` unless it is bound.
struct RaiseAlert {
  static constexpr std::string_view type = "RaiseAlert";
  static constexpr int version = 1;
  static constexpr Area area = Area::alert;
  static constexpr Lane lane = Lane::answers;
  std::map<std::string, std::string> annotations;
  bool bound{false};  // the bill has a binding of this name
  std::string name;
  std::string subject;
  std::string subject_label;
  template <class To> static constexpr auto fields(To&& to) {
    using C = RaiseAlert;
    return to(field("annotations", &C::annotations), field("bound", &C::bound), field("name", &C::name),
              field("subject", &C::subject), field("subject_label", &C::subject_label));
  }
};

// That condition has ended.
struct ClearAlert {
  static constexpr std::string_view type = "ClearAlert";
  static constexpr int version = 1;
  static constexpr Area area = Area::alert;
  static constexpr Lane lane = Lane::answers;
  std::string name;
  std::string subject;
  std::string subject_label;
  template <class To> static constexpr auto fields(To&& to) {
    using C = ClearAlert;
    return to(field("name", &C::name), field("subject", &C::subject), field("subject_label", &C::subject_label));
  }
};

}  // namespace watchbill
