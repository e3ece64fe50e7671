// A desk on which commands of the area alert are decided and applied, one record each.
#pragma once

#include <string>
#include <vector>

#include "core/process.h"
#include "core/state.h"
#include "model/codec.h"

namespace watchbill::core::alert {

struct Desk {
  core::State state;
  Seen seen;
  Limits limits;
  Instant now{1'000'000};

  Processed give(CommandBody body, Actor actor = engine_actor("rules")) {
    Processed out = process(state, seen, Command{std::move(body), std::move(actor), std::nullopt, std::nullopt, {}},
                            ProcessInputs{now, limits, {}, {}});
    if (!out.events.empty()) ++state.progress.sequence;
    return out;
  }
  // The types of the events with the phase an alert left, or "refused REASON".
  static std::string told(const Processed& done) {
    if (done.answer.refused) return "refused " + std::string(word(done.answer.refused->reason));
    std::string out;
    for (const RecordedEvent& recorded : done.events) {
      if (!out.empty()) out += " ";
      out += type_of(recorded.event);
      if (const auto* end = std::get_if<AlertResolved>(&recorded.event))
        out += "(" + std::string(word(end->was)) + "," + std::string(word(end->cause)) + ")";
      if (const auto* evaluated = std::get_if<RuleEvaluated>(&recorded.event)) {
        if (!evaluated->held.empty()) out += "(held)";
        if (!evaluated->kept.empty()) out += "(kept)";
        if (!evaluated->returned.empty()) out += "(returned)";
      }
    }
    return out.empty() ? "nothing" : out;
  }
  std::string ask(CommandBody body) { return told(give(std::move(body))); }
};

inline const RuleId web_down{std::string(32, 'a')};

inline ElementChange element(const std::string& instance, Presence presence = Presence::present) {
  ElementChange change;
  change.element = Labels({{"instance", instance}});
  change.labels = Labels({{"alertname", "WebDown"}, {"instance", instance}});
  change.presence = presence;
  if (presence != Presence::present) return change;
  change.value = "0";
  change.samples.push_back(SeenSeries{Labels({{"__name__", "up"}, {"instance", instance}}), {SeenSample{Instant{999'000}, "0"}}});
  return change;
}

inline NoteRuleAnswer answer(Instant at, std::vector<ElementChange> changes, LookKind kind = LookKind::slot,
                             AlertTiming timing = {Duration::seconds(30), Duration{}}) {
  NoteRuleAnswer note;
  note.at = at;
  note.changes = std::move(changes);
  note.expression = sha256("up == 0");
  note.group = "web.yml;web";
  note.count = timing.count;
  note.hold = timing.hold;
  note.keep_firing_for = timing.keep_firing_for;
  note.kind = kind;
  note.name = "WebDown";
  note.rule = web_down;
  return note;
}

inline const Alert* alert_of(const core::State& state, const std::string& instance) {
  return state.alert.alerts.find(alert_id(web_down, element(instance).labels).text);
}

}  // namespace watchbill::core::alert
