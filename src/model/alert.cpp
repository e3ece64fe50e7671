#include "model/alert.h"

#include "base/json.h"

namespace watchbill {
namespace {

constexpr std::size_t id_digits = 32;

void write_labels(JsonWriter& out, const Labels& labels) {
  out.begin_object();
  for (const auto& [name, value] : labels) out.key(name).string(value);
  out.end_object();
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
  if (presence == Presence::present) {
    if (course.phase == AlertPhase::inactive)
      return timing.hold > Duration{} ? AlertMove::became_pending : AlertMove::fired;
    if (course.phase == AlertPhase::pending)
      return at - course.active_at >= timing.hold ? AlertMove::fired : AlertMove::none;
    return is_slot && course.kept_since ? AlertMove::returned : AlertMove::none;
  }
  if (presence == Presence::unknown || !is_slot || course.phase == AlertPhase::inactive) return AlertMove::none;
  if (course.phase == AlertPhase::pending || timing.keep_firing_for <= Duration{}) return AlertMove::resolved;
  if (!course.kept_since) return AlertMove::kept;
  return at - *course.kept_since >= timing.keep_firing_for ? AlertMove::resolved : AlertMove::none;
}

void follow(AlertCourse& course, AlertMove move, Instant at) noexcept {
  switch (move) {
    case AlertMove::none: return;
    case AlertMove::became_pending: course = AlertCourse{AlertPhase::pending, at, std::nullopt}; return;
    case AlertMove::fired:
      if (course.phase == AlertPhase::inactive) course.active_at = at;
      course.phase = AlertPhase::firing;
      course.kept_since.reset();
      return;
    case AlertMove::kept: course.kept_since = at; return;
    case AlertMove::returned: course.kept_since.reset(); return;
    case AlertMove::resolved: course = AlertCourse{AlertPhase::inactive, course.active_at, std::nullopt}; return;
  }
}

std::size_t sample_count(const std::vector<SeenSeries>& series) noexcept {
  std::size_t count = 0;
  for (const SeenSeries& one : series) count += one.samples.size();
  return count;
}

}  // namespace watchbill
