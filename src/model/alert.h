// What an alert of a rule is, and how it moves: the state machine of Prometheus, as pure functions.
//
// The core decides with them what an answer changes; metrics/rules asks them beforehand which elements of a vector are worth an
// answer, and what ALERTS shows. Both use the same functions so that they cannot disagree.
// Source: Prometheus 2.42 rules/alerting.go (AlertingRule.Eval); early looks and causes are ours (design/architecture.md, metrics
// path).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/sha256.h"
#include "base/time.h"
#include "model/fields.h"
#include "model/ids.h"
#include "model/labels.h"

namespace watchbill {

// 32 lower-case hex digits that name a rule: a reload that changes neither its place, its expression nor its labels keeps it.
using RuleId = Name<struct RuleIdTag>;
// 64 lower-case hex digits that name an alert; the first 32 are its rule's.
using AlertId = Name<struct AlertIdTag>;

// What makes a rule the same rule after a reload. `ordinal` counts rules of a group that are equal in everything else, from 0.
struct RuleIdentity {
  std::string_view file;
  std::string_view group;
  std::string_view name;
  Digest expression;  // of its canonical text
  const std::map<std::string, std::string>& labels;  // templates, as written
  std::uint32_t ordinal{0};
};
[[nodiscard]] RuleId rule_id(const RuleIdentity& rule);
[[nodiscard]] AlertId alert_id(const RuleId& rule, const Labels& labels);

enum class AlertPhase : std::uint8_t { inactive, pending, firing };
template <>
struct Words<AlertPhase> {
  static constexpr std::array<std::string_view, 3> table{"inactive", "pending", "firing"};
};

// Who says that there is an alert.
enum class AlertSource : std::uint8_t { rule, built_in, outside };
template <>
struct Words<AlertSource> {
  static constexpr std::array<std::string_view, 3> table{"rule", "built_in", "outside"};
};

// Why an alert ended: its condition; its rule or series is gone; its sender said so; the end that its sender gave came without
// another word. no_series and expired are no evidence that things are well.
enum class AlertEnd : std::uint8_t { condition_false, no_series, sender, expired };
template <>
struct Words<AlertEnd> {
  static constexpr std::array<std::string_view, 4> table{"condition_false", "no_series", "sender", "expired"};
};

// Whether such an end says that things are well.
[[nodiscard]] constexpr bool is_good_news(AlertEnd end) noexcept {
  return end == AlertEnd::condition_false || end == AlertEnd::sender;
}

// A slot is the truth; an early look may only raise.
enum class LookKind : std::uint8_t { slot, early };
template <>
struct Words<LookKind> {
  static constexpr std::array<std::string_view, 2> table{"slot", "early"};
};

// Whether an element was in the answer. `unknown`: it was not, but too little was loaded for that to mean anything.
// `unrecovered`: it was not, and the rule's `recover` query has no element for it yet, so that what fires goes on.
enum class Presence : std::uint8_t { present, absent, unknown, unrecovered };
template <>
struct Words<Presence> {
  static constexpr std::array<std::string_view, 4> table{"present", "absent", "unknown", "unrecovered"};
};

// `k_of_n` of an alert: it fires once its element was there at `held` of the slots that lie less than `window` (n intervals of
// the group) before now. A slot that did not happen was not held. Source: design/architecture.md (metrics path).
struct SlotCount {
  std::uint32_t held{1};
  Duration window;
  template <class To>
  static constexpr auto fields(To&& to) { return to(field("held", &SlotCount::held), field("window_ms", &SlotCount::window)); }
};
inline constexpr std::uint32_t counted_slots_max = 60;  // n of `k_of_n`

// `for` and `keep_firing_for` of a rule, and what the bill adds to them.
struct AlertTiming {
  Duration hold;
  Duration keep_firing_for;
  std::optional<SlotCount> count{};
};

// Where an alert stands. `active_at` means nothing while it is inactive.
struct AlertCourse {
  AlertPhase phase{AlertPhase::inactive};
  Instant active_at;                  // when its element was first in an answer
  std::optional<Instant> kept_since;  // of a firing one: the first slot without its element, until the element returns
  std::vector<Instant> held_at{};     // of a pending one that is counted: the slots after active_at that had its element
};

// `held`: a pending alert whose slots are counted goes on, one slot richer.
enum class AlertMove : std::uint8_t { none, became_pending, fired, kept, returned, resolved, held };

// What an answer at `at` makes of an alert. Total.
[[nodiscard]] AlertMove next_move(const AlertCourse& course, Presence presence, Instant at, const AlertTiming& timing,
                                  LookKind kind) noexcept;
// Moves it. Holds: next_move() gave this move for this course.
void follow(AlertCourse& course, AlertMove move, Instant at);

// Adds a slot to those that were held; keeps the newest counted_slots_max.
void add_held(std::vector<Instant>& held_at, Instant slot);

// One sample that a decision rests on; the value as the Prometheus API writes it.
struct SeenSample {
  Instant at;
  std::string value;
  template <class To>
  static constexpr auto fields(To&& to) { return to(field("at_ms", &SeenSample::at), field("value", &SeenSample::value)); }
};
struct SeenSeries {
  Labels labels;
  std::vector<SeenSample> samples;  // oldest first
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("labels", &SeenSeries::labels), field("samples", &SeenSeries::samples));
  }
};
// Samples of one decision, over all series: enough to see the shape, few enough to keep.
inline constexpr std::size_t seen_samples_max = 32;
[[nodiscard]] std::size_t sample_count(const std::vector<SeenSeries>& series) noexcept;

}  // namespace watchbill
