#include "sim/detector.h"

#include <algorithm>
#include <array>

#include "base/assert.h"

namespace watchbill::sim {
namespace {

namespace rules = metrics::rules;

constexpr Duration settled_after = Duration::minutes(10);  // longer than lookback, hold and interval together
constexpr Duration first_scrapes_take = Duration::minutes(1);  // targets spread: a start has slots before it has asked them all
constexpr std::uint64_t change_percent = 4;                // of each of three targets at each scrape every 5 s
constexpr std::int64_t change_apart_ms = 5'000 / 3;
constexpr Duration group_interval = Duration::seconds(15);
constexpr int hot_above = 50;
constexpr int cool_below = 30;
constexpr std::array<int, 3> all_degrees{20, 40, 80};      // cool, neither, hot
constexpr SlotsConfiguration warm_slots{3, 5};

rules::RuleGroup group_of_the_world() {
  rules::GroupSource source;
  source.file = "world.yml";
  source.name = "hosts";
  source.interval = group_interval;
  rules::RuleSource hot;
  hot.alert = "HostHot";
  hot.expression = "temperature > " + std::to_string(hot_above);
  hot.hold = Duration::seconds(30);
  hot.annotations = {{"summary", "{{ $labels.instance }} has {{ $value }} degrees"}};
  rules::RuleSource down;
  down.alert = "HostDown";
  down.expression = "up == 0";
  // The same condition with hysteresis on both sides.
  rules::RuleSource warm;
  warm.alert = "HostWarm";
  warm.expression = hot.expression;
  warm.hysteresis.k_of_n = warm_slots;
  warm.hysteresis.recover = "temperature < " + std::to_string(cool_below) + " or up == 0";
  source.rules = {hot, down, warm};
  auto group = rules::compile(source);
  WB_ASSERT(group.has_value(), "the rules of the world are well-formed");
  return std::move(*group);
}

Labels series(const char* name, const std::string& instance) {
  return Labels({{"__name__", name}, {"instance", instance}, {"job", "host"}});
}

}  // namespace

SimulatedDetector::SimulatedDetector(Links links, Random random, Plant plant, const Scale& scale)
    : links_(std::move(links)), random_(random), plant_(plant), scale_(scale), group_(group_of_the_world()),
      surroundings_{text_template::AnnotationScope({}, "http://watch.example"), {}} {
  for (const char* instance : {"a", "b", "c"}) targets_.emplace(instance, Target{});
  for (std::size_t i = 0; i < scale.more_targets; ++i) targets_.emplace("more-" + std::to_string(i), Target{});
}

void SimulatedDetector::start_life(const core::State& state) {
  life_began_ = links_.engine_now();
  evaluator_ = std::make_unique<rules::GroupEvaluator>(group_, surroundings_, life_began_);
  head_ = std::make_unique<metrics::tsdb::Head>();
  clock_.emplace(group_.interval, rules::slot_offset(group_.file, group_.name, group_.interval), life_began_);
  waiting_ = 0;
  for (auto& [instance, target] : targets_) target.seen.clear();
  for (const rules::Rule& rule : group_.rules) {
    std::vector<rules::InheritedAlert> alerts;
    core::alert::each_of_rule(state.alert, rule.id, [&](const std::string&, const core::alert::Alert& alert) {
      if (alert.phase != AlertPhase::inactive)
        alerts.push_back(rules::InheritedAlert{alert.element, alert.labels, core::alert::course_of(alert)});
      return true;
    });
    evaluator_->inherit(rule.id, alerts, false);
  }
  tick(links_.life());
}

void SimulatedDetector::heal() { healed_at_ = links_.now(); }

void SimulatedDetector::tick(std::uint64_t life) {
  if (life != links_.life()) return;
  const Instant now = links_.engine_now();
  if (waiting_ == 0)
    if (const auto slot = clock_->take_due(now)) evaluate(*slot);
  if (!healed_at_) change_targets();
  scrape(now);
  if (scale_.looks_early && waiting_ == 0) look_early(now);
  if (healed_at_ && links_.now() - *healed_at_ > settled_after) return;
  links_.agenda.plan(links_.now() + scale_.scrape_every, [this, life] { tick(life); });
}

void SimulatedDetector::change_targets() {
  for (auto& [instance, target] : targets_) {
    if (changes()) target.is_alive = !target.is_alive;
    if (changes()) target.degrees = all_degrees[random_.below(all_degrees.size())];
  }
}

// All targets together change as often as three do, however many they are and however often they are asked.
bool SimulatedDetector::changes() noexcept {
  const auto apart = static_cast<std::int64_t>(targets_.size()) * change_apart_ms / scale_.scrape_every.ms;
  return random_.below(100 * static_cast<std::uint64_t>(std::max<std::int64_t>(apart, 1))) < change_percent;
}

void SimulatedDetector::scrape(Instant at) {
  Instant first_at = life_began_;
  for (auto& [instance, target] : targets_) {
    first_at = first_at + first_scrapes_take / static_cast<std::int64_t>(targets_.size());
    if (at < first_at) continue;
    const bool was_alive = !target.seen.empty() && target.seen.back().is_alive;
    static_cast<void>(head_->append(series("up", instance), at, target.is_alive ? 1 : 0));
    if (target.is_alive) static_cast<void>(head_->append(series("temperature", instance), at, target.degrees));
    else if (was_alive)
      static_cast<void>(head_->append(series("temperature", instance), at, metrics::tsdb::stale_marker()));
    target.seen.push_back(Seen{at, target.is_alive, target.degrees});
  }
}

void SimulatedDetector::evaluate(Instant slot) {
  for (auto& [instance, target] : targets_)
    if (const Seen* seen = seen_at(target, slot); seen != nullptr && seen->is_alive && seen->degrees > hot_above)
      target.hot_slots.push_back(slot);
  rules::StoreReadiness readiness;
  if (plant_ != Plant::restart_trusts_an_empty_store) {
    readiness.complete_since = readiness.started = life_began_;
    for (const auto& [instance, target] : targets_)
      if (target.seen.empty()) readiness.unscraped_targets.push_back(Labels({{"instance", instance}, {"job", "host"}}));
  }
  tell_all(evaluator_->evaluate(slot, *head_, readiness));
}

void SimulatedDetector::look_early(Instant at) {
  constexpr std::array<std::size_t, 2> both{0, 1};
  tell_all(evaluator_->look_early(both, at, head_->snapshot()));
}

void SimulatedDetector::tell_all(rules::Evaluation evaluation) {
  for (rules::RuleOutcome& outcome : evaluation.outcomes) {
    WB_ASSERT(!outcome.failure, "nothing in the world makes these rules fail");
    for (NoteRuleAnswer& answer : outcome.answers) {
      for (ElementChange& change : answer.changes) {
        if (plant_ == Plant::vanished_series_is_called_well) change.cause = AlertEnd::condition_false;
        if (plant_ == Plant::alert_loses_its_samples) change.samples.clear();
        if (plant_ == Plant::what_has_not_recovered_ends && change.presence == Presence::unrecovered)
          change.presence = Presence::absent;
      }
      if (plant_ == Plant::slots_are_not_counted) answer.count.reset();
      const std::uint32_t part = answer.part;
      tell(std::move(answer), [this, rule = outcome.rule, part] { evaluator_->confirm(rule, part); });
    }
  }
}

void SimulatedDetector::tell(CommandBody body, std::function<void()> confirm) {
  ++waiting_;
  links_.offer(Command{std::move(body), engine_actor("rules"), std::nullopt, std::nullopt, {}},
               [this, life = links_.life(), confirmed = std::move(confirm)](const core::Answer& answer) {
                 if (life != links_.life()) return;
                 --waiting_;
                 if (!answer.refused) confirmed();
               });
}

std::string SimulatedDetector::false_end(const AlertResolved& end) const {
  const auto target = targets_.find(std::string(end.labels.get("instance")));
  if (target == targets_.end()) return {};
  const Seen* last = seen_at(target->second, end.at);
  std::string what = false_end_after(end, last);
  // A sample of the slot's own millisecond may have come after the slot was looked at.
  if (!what.empty() && last != nullptr && last->at == end.at)
    return false_end_after(end, seen_at(target->second, end.at - Duration::milliseconds(1)));
  return what;
}

std::string SimulatedDetector::false_end_after(const AlertResolved& end, const Seen* last) {
  const std::string what = "the alert " + end.labels.text() + " ended with " + std::string(word(end.cause));
  if (last == nullptr) return what + ", and its target was not asked since the start";
  if (end.labels.get("alertname") == "HostDown") {
    if (last->is_alive && end.cause == AlertEnd::condition_false) return {};
    return what + ", and the target " + (last->is_alive ? "answered" : "did not answer");
  }
  const AlertEnd expected = last->is_alive ? AlertEnd::condition_false : AlertEnd::no_series;
  if (last->is_alive && last->degrees > hot_above) return what + ", and the target was hot";
  if (last->is_alive && last->degrees >= cool_below && end.was == AlertPhase::firing && end.labels.get("alertname") == "HostWarm")
    return what + ", and the target had not recovered";
  return end.cause == expected ? std::string() : what + ", expected " + std::string(word(expected));
}

std::string SimulatedDetector::false_start(const AlertFired& start) const {
  const auto target = targets_.find(std::string(start.labels.get("instance")));
  if (target == targets_.end() || start.labels.get("alertname") != "HostWarm") return {};
  const std::vector<Instant>& slots = target->second.hot_slots;
  const auto held = std::count_if(slots.begin(), slots.end(), [&start](Instant slot) {
    return slot <= start.at && start.at - slot < group_interval * warm_slots.of;
  });
  if (held >= warm_slots.held) return {};
  return "the alert " + start.labels.text() + " fired when its condition had held at " + std::to_string(held) +
         " slots, expected " + std::to_string(warm_slots.held) + " of " + std::to_string(warm_slots.of);
}

const SimulatedDetector::Seen* SimulatedDetector::seen_at(const Target& target, Instant at) noexcept {
  const Seen* last = nullptr;
  for (const Seen& seen : target.seen)
    if (seen.at <= at) last = &seen;
  return last;
}

bool SimulatedDetector::Target::is_hot_now() const noexcept { return is_alive && degrees > hot_above; }

std::string SimulatedDetector::wrong_alerts(const core::State& state) const {
  std::map<std::string, const core::alert::Alert*> firing;
  std::string wrong;
  state.alert.alerts.each([&](const std::string&, const core::alert::Alert& alert) {
    // Built-in alerts have no samples.
    if (alert.phase != AlertPhase::firing || alert.labels.get("instance").empty()) return true;
    if (alert.samples.empty()) wrong = "the alert " + alert.labels.text() + " fires without a sample";
    firing.emplace(std::string(alert.labels.get("alertname")) + " " + std::string(alert.labels.get("instance")), &alert);
    return wrong.empty();
  });
  for (const auto& [instance, target] : targets_) {
    if (firing.contains("HostHot " + instance) != target.is_hot_now())
      wrong = "HostHot of " + instance + (target.is_hot_now() ? " does not fire" : " fires");
    // What is neither hot nor cool fires if it did.
    const bool has_recovered = !target.is_alive || target.degrees < cool_below;
    if (firing.contains("HostWarm " + instance) ? has_recovered : target.is_hot_now())
      wrong = "HostWarm of " + instance + (has_recovered ? " fires" : " does not fire");
    if (firing.contains("HostDown " + instance) == target.is_alive)
      wrong = "HostDown of " + instance + (target.is_alive ? " fires" : " does not fire");
  }
  return wrong;
}

}  // namespace watchbill::sim
