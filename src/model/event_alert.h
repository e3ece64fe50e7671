// Events of the areas rule and alert. Each alert event is complete in itself: who reads it needs no state.
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

// An answer of a rule that changed something: the events of its alerts follow. `kept`: firing alerts whose element is gone and
// that go on, by keep_firing_for or because their `recover` query is not true yet; `returned`: those of them whose element came
// back. `held`: pending alerts whose slots are counted (k_of_n), and whose element was there at this one.
struct RuleEvaluated {
  static constexpr std::string_view type = "RuleEvaluated";
  static constexpr int version = 1;
  static constexpr Area area = Area::rule;
  Instant at;         // the slot, or the early look
  Digest expression;
  std::string group;  // FILE;GROUP
  std::vector<AlertId> held;
  std::vector<AlertId> kept;
  LookKind kind{LookKind::slot};
  std::string name;
  std::uint32_t part{0};  // of a long answer, from 0
  std::vector<AlertId> returned;
  RuleId rule;
  template <class To> static constexpr auto fields(To&& to) {
    using E = RuleEvaluated;
    return to(field("at_ms", &E::at),   field("expression", &E::expression), field("group", &E::group),
              field("held", &E::held),  field("kept", &E::kept),             field("kind", &E::kind),
              field("name", &E::name),  field("part", &E::part),             field("returned", &E::returned),
              field("rule", &E::rule));
  }
};

// An evaluation failed, for a reason that is new. It changes no alert.
struct RuleEvaluationFailed {
  static constexpr std::string_view type = "RuleEvaluationFailed";
  static constexpr int version = 1;
  static constexpr Area area = Area::rule;
  Instant at;
  Digest expression;
  std::string group;
  std::string message;
  std::string name;
  RuleId rule;
  template <class To> static constexpr auto fields(To&& to) {
    using E = RuleEvaluationFailed;
    return to(field("at_ms", &E::at),          field("expression", &E::expression), field("group", &E::group),
              field("message", &E::message),   field("name", &E::name),             field("rule", &E::rule));
  }
};

// The element is in the answer; the alert fires at the first look at or after `at` + `hold` that still has it.
struct AlertBecamePending {
  static constexpr std::string_view type = "AlertBecamePending";
  static constexpr int version = 1;
  static constexpr Area area = Area::alert;
  AlertId alert;
  std::map<std::string, std::string> annotations;
  Instant at;
  Labels element;  // its labels in the answer, before the rule added its own
  Digest expression;
  Duration hold;
  Labels labels;
  RuleId rule;
  std::vector<SeenSeries> samples;
  std::string value;
  template <class To> static constexpr auto fields(To&& to) {
    using E = AlertBecamePending;
    return to(field("alert", &E::alert),           field("annotations", &E::annotations), field("at_ms", &E::at),
              field("element", &E::element),       field("expression", &E::expression),   field("hold_ms", &E::hold),
              field("labels", &E::labels),         field("rule", &E::rule),               field("samples", &E::samples),
              field("value", &E::value));
  }
};

// The transition, once: what is bound to the alert's name is considered now.
struct AlertFired {
  static constexpr std::string_view type = "AlertFired";
  static constexpr int version = 1;
  static constexpr Area area = Area::alert;
  Instant active_at;
  AlertId alert;
  std::map<std::string, std::string> annotations;
  bool anonymous{false};  // it was posted without a token: nothing acts on it by itself
  Instant at;
  Labels element;
  std::optional<Instant> ends_at;  // of one from outside, when its sender said; later words that only move it are not recorded
  Digest expression;  // absent: no rule
  std::string generator_url;  // of one from outside
  Duration hold;
  Labels labels;      // alertname among them
  RuleId rule;        // absent: no rule
  std::vector<SeenSeries> samples;
  AlertSource source{AlertSource::rule};
  std::string value;
  template <class To> static constexpr auto fields(To&& to) {
    using E = AlertFired;
    return to(field("active_at_ms", &E::active_at), field("alert", &E::alert),     field("annotations", &E::annotations),
              field("anonymous", &E::anonymous),
              field("at_ms", &E::at),               field("element", &E::element), field("ends_at_ms", &E::ends_at),
              field("expression", &E::expression),  field("generator_url", &E::generator_url), field("hold_ms", &E::hold),
              field("labels", &E::labels),          field("rule", &E::rule),       field("samples", &E::samples),
              field("source", &E::source),          field("value", &E::value));
  }
};

// The alert ended. Of one that was only pending nobody was told.
struct AlertResolved {
  static constexpr std::string_view type = "AlertResolved";
  static constexpr int version = 1;
  static constexpr Area area = Area::alert;
  AlertId alert;
  Instant at;
  AlertEnd cause{AlertEnd::condition_false};
  Labels labels;
  RuleId rule;
  AlertPhase was{AlertPhase::firing};  // pending or firing
  template <class To> static constexpr auto fields(To&& to) {
    using E = AlertResolved;
    return to(field("alert", &E::alert), field("at_ms", &E::at),  field("cause", &E::cause),
              field("labels", &E::labels), field("rule", &E::rule), field("was", &E::was));
  }
};

}  // namespace watchbill
