#include "core/binding/binding.h"

#include <algorithm>
#include <set>

namespace watchbill::core::binding {
namespace {

// Nothing that limits can count lies further back: a bill may name no longer window or cooldown.
constexpr Duration counted_age_max = Duration::days(7);

std::string_view kind_of(std::string_view target) { return target.substr(0, target.find('/')); }

bool wants(const CountedRun& run, const std::vector<std::string>& targets) {
  return std::any_of(targets.begin(), targets.end(), [&](const std::string& target) {
    return std::find(run.targets.begin(), run.targets.end(), target) != run.targets.end();
  });
}

// Rows 4 to 6: the limits of the binding.
class LimitCheck {
 public:
  LimitCheck(const Counted& counted, const Facts& facts, Instant at) : counted_(counted), facts_(facts), at_(at) {}

  [[nodiscard]] std::optional<Refused> first() const {
    if (auto refused = cooldown()) return refused;
    if (auto refused = runs()) return refused;
    return share();
  }

 private:
  [[nodiscard]] const BindingLimits& limits() const { return facts_.binding->limits; }
  [[nodiscard]] bool is_recent(const CountedRun& run) const { return !run.ended_at || at_ - *run.ended_at < limits().cooldown; }

  [[nodiscard]] std::optional<Refused> cooldown() const {
    for (const auto& [id, run] : counted_.runs)
      if (run.ended_at && is_recent(run) && wants(run, facts_.mitigation.targets))
        return Refused{Refusal::cooldown_active, id + " ended " + format_duration(at_ - *run.ended_at) +
                                                     " ago, the cooldown is " + format_duration(limits().cooldown)};
    return std::nullopt;
  }

  [[nodiscard]] std::optional<Refused> runs() const {
    const auto count = std::count_if(counted_.runs.begin(), counted_.runs.end(), [&](const auto& each) {
      return !each.second.is_rollback && each.second.proposed_at > at_ - limits().window;
    });
    if (count < static_cast<std::ptrdiff_t>(limits().runs)) return std::nullopt;
    return Refused{Refusal::runs_limit_reached,
                   std::to_string(count) + " runs in " + format_duration(limits().window) + " are as many as may be"};
  }

  [[nodiscard]] std::optional<Refused> share() const {
    std::map<std::string_view, std::set<std::string_view>> taken;
    for (const auto& [id, run] : counted_.runs)
      if (is_recent(run))
        for (const std::string& target : run.targets) taken[kind_of(target)].insert(target);
    for (const std::string& target : facts_.mitigation.targets) taken[kind_of(target)].insert(target);
    for (const std::string& target : facts_.mitigation.targets) {
      const auto population = facts_.population.find(target);
      const std::uint64_t count = population == facts_.population.end() ? 1 : population->second;
      const std::uint64_t most = std::max<std::uint64_t>(1, count * limits().target_share_millionths / 1'000'000);
      const std::size_t wanted = taken[kind_of(target)].size();
      if (wanted > most)
        return Refused{Refusal::target_share_reached, std::to_string(wanted) + " of " + std::to_string(count) +
                                                          " targets of kind " + std::string(kind_of(target)) +
                                                          " would be touched, " + std::to_string(most) + " may be"};
    }
    return std::nullopt;
  }

  const Counted& counted_;
  const Facts& facts_;
  Instant at_;
};

// The mode that is used, and why it is less than the binding's where something forbids it.
void set_mode(BindingTriggered& event, const Facts& facts, bool is_anonymous) {
  event.mode = facts.binding->mode;
  if (event.mode == BindingMode::auto_ && !facts.mitigation.auto_is_allowed) event.lowered_by = "auto_not_allowed";
  else if (event.mode == BindingMode::auto_ && facts.mitigation.is_irreversible) event.lowered_by = "irreversible_needs_approval";
  if (!event.lowered_by.empty()) event.mode = BindingMode::approve;
  if (!is_anonymous || event.mode == BindingMode::suggest) return;
  event.mode = BindingMode::suggest;
  event.lowered_by = "anonymous_source";
}

}  // namespace

Decision decide(const State& state, const Facts& facts, const ConsiderBinding& command, const Context& context) {
  if (!facts.actor_is_engine) return Refused{Refusal::role_missing, "only the controller itself may do this"};
  if (facts.binding == nullptr || !facts.binding->unbound.empty()) return Events{};
  const auto refused = [&](const Refused& why, bool pages) {
    return Events{BindingRefused{command.alert, command.binding, why.message, pages, why.reason}};
  };
  const Refused held{Refusal::hold_active, "a hold covers binding " + command.binding + " or its targets"};
  if (facts.binding_is_held) return refused(held, false);
  if (facts.unresolved) return refused(*facts.unresolved, true);
  if (facts.targets_are_held) return refused(held, false);
  BindingTriggered triggered;
  triggered.alert = command.alert;
  triggered.binding = command.binding;
  triggered.joined = facts.mitigation.open_run;
  triggered.labels = command.labels;
  triggered.plan = facts.mitigation.digest;
  triggered.proposed = command.run;
  triggered.seed = command.seed;
  set_mode(triggered, facts, command.anonymous);
  if (!triggered.joined.empty()) return Events{std::move(triggered)};
  const Counted* counted = state.bindings.find(command.binding);
  if (counted != nullptr)
    if (const auto used_up = LimitCheck(*counted, facts, context.at).first()) return refused(*used_up, true);
  if (!facts.binding->limiter.empty())
    return refused(Refused{Refusal::not_yet_supported, "limiter " + facts.binding->limiter}, true);
  if (facts.mitigation.no_room) return refused(*facts.mitigation.no_room, false);
  return Events{std::move(triggered)};
}

void apply(State& state, const BindingTriggered& event, const Applying&) {
  if (!state.refusals.contains(event.binding)) return;
  std::vector<AlertRefusal>& last = state.refusals.edit(event.binding).last;
  std::erase_if(last, [&](const AlertRefusal& each) { return each.alert == event.alert; });
  if (last.empty()) state.refusals.erase(event.binding);
}

void apply(State& state, const BindingRefused& event, const Applying& applying) {
  std::vector<AlertRefusal>& last = state.refusals.edit_or_insert(event.binding).last;
  AlertRefusal refusal{event.alert, applying.at, 1, event.message, event.reason};
  const auto former = std::find_if(last.begin(), last.end(), [&](const auto& each) { return each.alert == event.alert; });
  if (former != last.end()) {
    if (former->reason == event.reason) refusal.count += former->count;
    last.erase(former);
  }
  if (last.size() >= applying.limits.refusals_per_binding_max) last.erase(last.begin());
  last.push_back(std::move(refusal));
}

void apply_configuration(State& state, const RunbookConfiguration& configuration) {
  std::vector<std::string> gone;
  state.refusals.each([&](const std::string& name, const Refusals&) {
    const auto binding = configuration.bindings.find(name);
    if (binding == configuration.bindings.end() || !binding->second.unbound.empty()) gone.push_back(name);
    return true;
  });
  for (const std::string& name : gone) state.refusals.erase(name);
}

void apply_proposed(State& state, const PlanProposed& event, const std::vector<std::string>& targets, const Applying& applying) {
  if (event.binding.empty() || event.mode == BindingMode::suggest) return;
  Counted& counted = state.bindings.edit_or_insert(event.binding);
  std::erase_if(counted.runs, [&](const auto& each) {
    const bool is_over = each.second.ended_at && applying.at - *each.second.ended_at > counted_age_max;
    if (is_over) state.binding_of.erase(each.first);
    return is_over;
  });
  CountedRun& run = counted.runs[event.run];
  run.is_rollback = !event.parent.empty();
  run.proposed_at = applying.at;
  run.targets = targets;
  state.binding_of[event.run] = event.binding;
}

void apply_started(State& state, const std::string& run) {
  const auto binding = state.binding_of.find(run);
  if (binding == state.binding_of.end()) return;
  state.bindings.edit(binding->second).runs.at(run).has_started = true;
}

void apply_ended(State& state, const std::string& run, const Applying& applying) {
  const auto binding = state.binding_of.find(run);
  if (binding == state.binding_of.end()) return;
  Counted& counted = state.bindings.edit(binding->second);
  CountedRun& ended = counted.runs.at(run);
  ended.ended_at = applying.at;
  if (ended.has_started) return;
  counted.runs.erase(run);
  state.binding_of.erase(binding);
}

void rebuild(State& state) {
  state.binding_of.clear();
  state.bindings.each([&](const std::string& name, const Counted& counted) {
    for (const auto& [run, ignored] : counted.runs) state.binding_of[run] = name;
    return true;
  });
}

}  // namespace watchbill::core::binding
