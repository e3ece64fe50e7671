#include "sim/executors.h"

#include <algorithm>

namespace watchbill::sim {

void SimulatedExecutors::begin(const Effect& effect) {
  if (const auto* action = std::get_if<RunAction>(&effect.what)) act(*action);
  else if (const auto* look_action = std::get_if<LookAction>(&effect.what)) look(*look_action);
  else if (const auto* question = std::get_if<AskQuestion>(&effect.what)) ask(*question);
  else if (const auto* undo = std::get_if<ObserveUndo>(&effect.what)) observe(*undo);
  else if (const auto* lost = std::get_if<ProbeAction>(&effect.what)) probe(*lost);
  // EndAction: what runs here ends by itself, and then reports.
}

Duration SimulatedExecutors::latency(std::int64_t max_ms) {
  return Duration::milliseconds(random_.between(1, is_healed_ ? 20 : max_ms));
}

void SimulatedExecutors::act(const RunAction& action) {
  if (plant_ == Plant::run_acts_without_intent && random_.chance(5)) {
    RunAction invented = action;
    invented.effect = "9#9";
    invented.effect_id = EffectId{std::string(32, '0')};
    arrive(invented);
  }
  const bool never_arrives = plant_ == Plant::run_loses_everything ? action.direction == Direction::do_
                                                                   : !is_healed_ && random_.chance(8);
  if (never_arrives) return;
  // What is on the wire arrives, whether or not the controller that sent it still lives; sometimes after its successor's.
  const bool is_slow = random_.chance(plant_ == Plant::run_ignores_fences ? 100 : 15);
  const Duration on_the_wire = latency(is_slow ? 90'000 : 2'000);
  links_.agenda.plan(links_.now() + on_the_wire, [this, action] { arrive(action); });
}

void SimulatedExecutors::arrive(const RunAction& action) {
  const std::string& target = action.action.target;
  std::uint64_t& seen = fences_[target];
  const bool is_stale = !target.empty() && action.fence < seen;
  // Refused: whoever sent it has been replaced, and the successor asks for itself.
  if (is_stale && plant_ != Plant::run_ignores_fences)
    return report(NoteStaleFence{action.effect_id, action.fence, action.place.run, seen, target}, latency(1'000));
  seen = std::max(seen, action.fence);
  const auto known = memory_.find(action.effect_id.text);
  Memory outcome;
  if (known != memory_.end() && known->second.outcome == EffectOutcome::succeeded) {
    outcome = known->second;
  } else {
    if (is_stale) stale_ = target + ": fence " + std::to_string(action.fence) + " after " + std::to_string(seen);
    outcome = carry_out(action);
    if (plant_ != Plant::run_forgets_ids) memory_[action.effect_id.text] = outcome;
  }
  if (plant_ == Plant::run_acts_under_new_ids && outcome.outcome == EffectOutcome::succeeded && random_.chance(20)) {
    RunAction again = action;
    again.effect_id.text.back() = 'x';
    static_cast<void>(carry_out(again));
  }
  if (!is_healed_ && random_.chance(8)) return;  // the answer is lost
  NoteOutcome note;
  note.attempt = action.attempt;
  note.effect_id = action.effect_id;
  note.outcome = outcome.outcome;
  note.reason = outcome.reason;
  note.retryable = outcome.retryable;
  note.run = action.place.run;
  const Duration after = latency(4'000);
  report(note, after);
  if (random_.chance(10)) report(note, after + latency(2'000));
}

SimulatedExecutors::Memory SimulatedExecutors::carry_out(const RunAction& action) {
  const std::uint64_t dice = is_healed_ ? 0 : random_.below(100);
  if (dice >= 92) return {EffectOutcome::failed, "exit 1", false};
  if (dice >= 80) return {EffectOutcome::failed, "busy", true};
  done_.push_back(Done{action.place.run, action.effect, action.direction, action.effect_id, action.attempt, action.action.target,
                       action.fence});
  return {EffectOutcome::succeeded, "", false};
}

void SimulatedExecutors::look(const LookAction& look) {
  if (!is_healed_ && random_.chance(4)) return;  // not readable
  NoteLook note;
  note.before = random_.chance(80) ? Observed::false_ : Observed::true_;
  note.former["state"] = "running";
  if (const auto known = look.known.find("1"); known != look.known.end()) note.former = *known->second.as_map();
  note.run = look.place.run;
  note.step = look.place.step;
  report(note, latency(3'000));
}

void SimulatedExecutors::ask(const AskQuestion& question) { ask_again(question, std::nullopt); }

void SimulatedExecutors::ask_again(const AskQuestion& question, std::optional<Instant> previous) {
  const Duration after = previous ? std::max(Duration{1}, *previous + question.check.interval - links_.now()) : Duration{};
  links_.agenda.plan(links_.now() + after + latency(100), [this, question, previous, life = links_.life()] {
    if (life != links_.life()) return;
    NoteAnswer note;
    const std::uint64_t dice = is_healed_ ? 0 : random_.below(100);
    note.answer = dice < 82 ? Observed::true_ : dice < 95 ? Observed::false_ : Observed::no_data;
    note.previous_at = previous;
    note.run = question.place.run;
    note.step = question.place.step;
    note.undo = question.undo;
    const Instant asked_at = links_.now();
    links_.offer(Command{note, engine_actor("query"), std::nullopt, std::nullopt, {}},
                 [this, question, asked_at, life](const core::Answer& answer) {
                   const bool is_over = answer.refused && answer.refused->reason == Refusal::not_asked;
                   if (!is_over && life == links_.life()) ask_again(question, asked_at);
                 });
  });
}

void SimulatedExecutors::observe(const ObserveUndo& observe) {
  report(NoteUndoSeen{observe.place.run, is_healed_ || random_.chance(92), observe.place.step}, latency(3'000));
}

void SimulatedExecutors::probe(const ProbeAction& probe) {
  links_.agenda.plan(links_.now() + latency(1'000), [this, probe, life = links_.life()] {
    if (life != links_.life()) return;
    const auto again = [this, probe, life] {
      links_.agenda.plan(links_.now() + probe.interval, [this, probe, life] {
        if (life == links_.life()) this->probe(probe);
      });
    };
    if (!is_healed_ && random_.chance(60)) return again();  // cannot tell now
    // Whoever asks under a higher fence is known from now on: what was sent before will be refused.
    std::uint64_t& seen = fences_[probe.action.target];
    seen = std::max(seen, probe.fence);
    const auto known = memory_.find(probe.effect_id.text);
    CommandBody found = NoteProbe{probe.effect_id, ProbeFinding::absent, probe.place.run, "never_seen"};
    if (known != memory_.end()) {
      NoteOutcome note;
      note.attempt = probe.attempt;
      note.effect_id = probe.effect_id;
      note.outcome = known->second.outcome;
      note.reason = known->second.reason;
      note.retryable = known->second.retryable;
      note.run = probe.place.run;
      found = note;
    }
    report(std::move(found), Duration{});
  });
}

// Again and again, until it is recorded or nobody asks for it any more.
void SimulatedExecutors::report(CommandBody body, Duration after) {
  links_.agenda.plan(links_.now() + after, [this, body = std::move(body), life = links_.life()] {
    if (life != links_.life()) return;
    links_.offer(Command{body, engine_actor("agent"), std::nullopt, std::nullopt, {}},
                 [this, body, life](const core::Answer& answer) {
                   const bool is_later = answer.refused && answer.refused->reason != Refusal::not_asked;
                   if (is_later && life == links_.life()) report(body, Duration::seconds(1));
                 });
  });
}

}  // namespace watchbill::sim
