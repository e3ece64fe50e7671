#include "model/alert.h"

#include <algorithm>

#include "base/json.h"

namespace watchbill {
namespace {

constexpr std::size_t id_digits = 32;

void write_labels(JsonWriter& out, const Labels& labels) {
  out.begin_object();
  for (const auto& [name, value] : labels) out.key(name).string(value);
  out.end_object();
}

// Slots before `at` that had the element of this alert, of those that the window at `at` has.
std::size_t held_before(const AlertCourse& course, Instant at, const SlotCount& count) noexcept {
  if (course.phase != AlertPhase::pending) return 0;
  const auto is_counted = [&](Instant slot) { return slot < at && at - slot < count.window; };
  return (is_counted(course.active_at) ? 1U : 0U) +
         static_cast<std::size_t>(std::count_if(course.held_at.begin(), course.held_at.end(), is_counted));
}

// An element was there at a slot: whether that is one of enough.
bool is_enough(const AlertCourse& course, Instant at, const std::optional<SlotCount>& count) noexcept {
  return !count || 1 + held_before(course, at, *count) >= count->held;
}

// Told of one slot twice, an alert counts it once.
bool is_held_at(const AlertCourse& course, Instant slot) noexcept {
  return course.active_at == slot || std::find(course.held_at.begin(), course.held_at.end(), slot) != course.held_at.end();
}

}  // namespace

RuleId rule_id(const RuleIdentity& rule) {
  std::string text;
  JsonWriter out(text);
  out.begin_array().string(rule.file).string(rule.group).string(rule.name).string(rule.expression.hex()).begin_object();
  for (const auto& [name, value] : rule.labels) out.key(name).string(value);
  out.end_object().integer(rule.ordinal).end_array();
  return RuleId{sha256(text).hex().substr(0, id_digits)};
}

AlertId alert_id(const RuleId& rule, const Labels& labels) {
  std::string text;
  JsonWriter out(text);
  write_labels(out, labels);
  return AlertId{rule.text + sha256(text).hex().substr(0, id_digits)};
}

AlertMove next_move(const AlertCourse& course, Presence presence, Instant at, const AlertTiming& timing, LookKind kind) noexcept {
  const bool is_slot = kind == LookKind::slot;
  if (timing.count && !is_slot) return AlertMove::none;  // an early look is no slot, and ends nothing anyway
  if (presence == Presence::present) {
    if (course.phase == AlertPhase::firing) return is_slot && course.kept_since ? AlertMove::returned : AlertMove::none;
    const bool is_due = is_enough(course, at, timing.count);
    if (course.phase == AlertPhase::inactive)
      return is_due && timing.hold <= Duration{} ? AlertMove::fired : AlertMove::became_pending;
    if (is_due && at - course.active_at >= timing.hold) return AlertMove::fired;
    return timing.count && !is_held_at(course, at) ? AlertMove::held : AlertMove::none;
  }
  if (presence == Presence::unknown || !is_slot || course.phase == AlertPhase::inactive) return AlertMove::none;
  if (course.phase == AlertPhase::pending)
    return timing.count && held_before(course, at, *timing.count) > 0 ? AlertMove::none : AlertMove::resolved;
  if (presence == Presence::unrecovered) return course.kept_since ? AlertMove::none : AlertMove::kept;
  if (timing.keep_firing_for <= Duration{}) return AlertMove::resolved;
  if (!course.kept_since) return AlertMove::kept;
  return at - *course.kept_since >= timing.keep_firing_for ? AlertMove::resolved : AlertMove::none;
}

void follow(AlertCourse& course, AlertMove move, Instant at) {
  switch (move) {
    case AlertMove::none: return;
    case AlertMove::became_pending: course = AlertCourse{AlertPhase::pending, at, std::nullopt, {}}; return;
    case AlertMove::fired:
      if (course.phase == AlertPhase::inactive) course.active_at = at;
      course.phase = AlertPhase::firing;
      course.kept_since.reset();
      course.held_at.clear();
      return;
    case AlertMove::held: add_held(course.held_at, at); return;
    case AlertMove::kept: course.kept_since = at; return;
    case AlertMove::returned: course.kept_since.reset(); return;
    case AlertMove::resolved: course = AlertCourse{AlertPhase::inactive, course.active_at, std::nullopt, {}}; return;
  }
}

void add_held(std::vector<Instant>& held_at, Instant slot) {
  if (held_at.size() >= counted_slots_max) held_at.erase(held_at.begin());
  held_at.push_back(slot);
}

std::size_t sample_count(const std::vector<SeenSeries>& series) noexcept {
  std::size_t count = 0;
  for (const SeenSeries& one : series) count += one.samples.size();
  return count;
}

}  // namespace watchbill
