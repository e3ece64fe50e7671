#include "sim/run_checkers.h"

#include <map>
#include <set>

namespace watchbill::sim {
namespace {

std::string name_of(const Done& done) {
  return done.effect + " " + std::string(word(done.direction)) + " of " + done.run + " (" + done.id.text + ", attempt " +
         std::to_string(done.attempt) + ")";
}

}  // namespace

std::string done_without_intent(const ReadJournal& journal, const std::vector<Done>& done) {
  std::set<std::pair<std::string, std::uint32_t>> intended;
  each_event(journal, [&](const Event& event) {
    if (const auto* intent = std::get_if<EffectIntended>(&event)) intended.emplace(intent->effect_id.text, intent->attempt);
    return std::string();
  });
  for (const Done& each : done)
    if (!intended.contains({each.id.text, each.attempt})) return name_of(each) + " was done without a durable intent";
  return {};
}

std::string done_twice(const ReadJournal& journal, const std::vector<Done>& done) {
  // Only a person begins another attempt group: by resuming, or by saying that it was not done.
  std::map<std::string, std::size_t> groups_allowed;
  each_event(journal, [&](const Event& event) {
    if (const auto* resumed = std::get_if<PlanResumed>(&event)) ++groups_allowed[resumed->run];
    if (const auto* answered = std::get_if<OutcomeAnswered>(&event)) ++groups_allowed[answered->run];
    return std::string();
  });
  std::map<std::string, const Done*> by_id;
  std::map<std::string, std::set<std::string>> ids_of;
  for (const Done& each : done) {
    if (each.target.empty()) continue;  // what changes nothing may be asked twice
    if (!by_id.emplace(each.id.text, &each).second) return name_of(each) + " was done twice under one id";
    std::set<std::string>& ids = ids_of[each.run + " " + each.effect + " " + std::string(word(each.direction))];
    ids.insert(each.id.text);
    if (ids.size() > 1 + groups_allowed[each.run])
      return name_of(each) + " was done again under a new id, and nobody asked for it";
  }
  return {};
}

std::string unsettled_run(const core::State& state) {
  std::string found;
  state.plan.runs.each([&](const std::string& id, const core::plan::Run& run) {
    using core::plan::RunState;
    const bool waits_for_people = run.state == RunState::held || run.state == RunState::awaiting_approval;
    // Whoever takes back and meets a hold waits for the person who releases it.
    const bool waits_for_release = run.state == RunState::compensating && !state.control.holds.empty();
    if (!core::plan::is_terminal(run.state) && !waits_for_people && !waits_for_release)
      found = id + " is " + std::string(word(run.state)) + " and nobody is asked";
    return found.empty();
  });
  return found;
}

}  // namespace watchbill::sim
