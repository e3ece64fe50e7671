#include "api/attention.h"

#include <algorithm>
#include <array>

#include "api/run_view.h"
#include "model/codec.h"

namespace watchbill::api {
namespace {

using core::binding::AlertRefusal;
using core::plan::Run;
using core::plan::RunState;

// A person reads no more; the lists of other paths have all.
constexpr std::size_t shown_max = 20;
constexpr std::size_t ended_shown_max = 5;
constexpr Duration refusal_age_max = Duration::hours(24);

// {"count":N,"items":[…]} of what `write_item` makes of the first ones; none: nothing is written.
template <class Items, class WriteItem>
void write_list(JsonWriter& json, std::string_view name, const Items& items, std::size_t shown, WriteItem write_item) {
  if (items.empty()) return;
  json.key(name).begin_object().key("count").integer(static_cast<std::int64_t>(items.size())).key("items").begin_array();
  for (std::size_t i = 0; i < std::min(items.size(), shown); ++i) {
    json.begin_object();
    write_item(items[i]);
    json.end_object();
  }
  json.end_array().end_object();
}

// What is stuck comes before what waits for a yes.
int urgency_of(RunState state) {
  constexpr std::array order{RunState::held, RunState::outcome_unknown, RunState::running, RunState::awaiting_approval};
  return static_cast<int>(std::find(order.begin(), order.end(), state) - order.begin());
}

void write_runs(JsonWriter& json, const core::State& state) {
  using Named = std::pair<const std::string*, const Run*>;
  std::vector<Named> waiting, under_way, ended;
  state.plan.runs.each([&](const std::string& id, const Run& run) {
    const bool is_over = core::plan::is_terminal(run.state);
    const bool waits = !is_over && waits_for_person(run, core::plan::plan_of(state.plan, run));
    (is_over ? ended : waits ? waiting : under_way).emplace_back(&id, &run);
    return true;
  });
  std::stable_sort(waiting.begin(), waiting.end(), [](const Named& a, const Named& b) {
    return urgency_of(a.second->state) < urgency_of(b.second->state);
  });
  std::stable_sort(ended.begin(), ended.end(),
                   [](const Named& a, const Named& b) { return a.second->ended_at > b.second->ended_at; });
  const auto write_run = [&](const Named& named) {
    const auto& [id, run] = named;
    write_run_overview(json, *id, *run, core::plan::plan_of(state.plan, *run));
    write_time(json, "since", run->turn_at);
  };
  json.key("runs").begin_object();
  write_list(json, "ended", ended, ended_shown_max, write_run);
  write_list(json, "under_way", under_way, shown_max, write_run);
  write_list(json, "waiting", waiting, shown_max, write_run);
  json.end_object();
}

bool is_firing(const core::State& state, const std::string& alert) {
  const core::alert::Alert* known = state.alert.alerts.find(alert);
  return known != nullptr && known->phase == AlertPhase::firing;
}

void write_refusals(JsonWriter& json, const core::State& state) {
  using Refused = std::pair<const std::string*, const AlertRefusal*>;
  std::vector<Refused> refused;
  state.binding.refusals.each([&](const std::string& binding, const core::binding::Refusals& refusals) {
    for (const AlertRefusal& each : refusals.last)
      if (is_firing(state, each.alert) || state.progress.time - each.at < refusal_age_max) refused.emplace_back(&binding, &each);
    return true;
  });
  std::stable_sort(refused.begin(), refused.end(),
                   [](const Refused& a, const Refused& b) { return a.second->at > b.second->at; });
  write_list(json, "refusals", refused, shown_max, [&](const Refused& each) {
    const auto& [binding, refusal] = each;
    json.key("at").string(format_rfc3339(refusal->at)).key("binding").string(*binding);
    json.key("count").integer(static_cast<std::int64_t>(refusal->count)).key("message").string(refusal->message);
    json.key("reason").string(word(refusal->reason));
    write_alert_of(json, state, refusal->alert);
    write_next(json, ways_on(state, *binding, *refusal));
  });
}

void write_suggestions(JsonWriter& json, const core::State& state, const Limits& limits) {
  std::vector<std::string> ids;
  state.plan.suggestions.each([&](const std::string& id, const core::plan::Suggestion&) {
    ids.push_back(id);
    return true;
  });
  write_list(json, "suggestions", ids, shown_max, [&](const std::string& id) { write_suggestion(json, state, id, limits); });
}

void write_dead_letters(JsonWriter& json, const core::State& state) {
  using Letter = std::pair<const std::string*, const core::route::Delivery*>;
  std::vector<Letter> letters;
  state.route.deliveries.each([&](const std::string& id, const core::route::Delivery& delivery) {
    if (delivery.state == core::route::DeliveryState::given_up) letters.emplace_back(&id, &delivery);
    return true;
  });
  write_list(json, "dead_letters", letters, shown_max, [&](const Letter& letter) {
    const auto& [id, delivery] = letter;
    json.key("at").string(format_rfc3339(delivery->next_at)).key("attempts").integer(delivery->attempts);
    json.key("id").string(*id).key("reason").string(delivery->last_failure);
    json.key("receiver").string(delivery->receiver).key("subject").string(delivery->subject);
  });
}

}  // namespace

void write_attention(JsonWriter& json, const core::State& state, const Limits& limits) {
  write_runs(json, state);
  write_suggestions(json, state, limits);
  write_refusals(json, state);
  write_dead_letters(json, state);
}

}  // namespace watchbill::api
