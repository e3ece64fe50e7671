#include "drivers/action/actions.h"

#include <algorithm>

namespace watchbill::drivers::action {
namespace {

constexpr std::size_t succeeded_max = 4096;               // far more than the effects of all open runs
constexpr Duration offer_pause = Duration::seconds(1);    // the journal is tried again each second too
constexpr std::string_view key_header = "Idempotency-Key";

}  // namespace

Actions::Actions(Settings settings, Parts parts)
    : settings_(std::move(settings)),
      parts_(std::move(parts)),
      files_(settings_.data + "/originals"),
      questions_({parts_.client, parts_.prober, parts_.one_shots, parts_.condition, parts_.secret,
                  [loop = &parts_.loop](std::function<void()> task) { loop->post(std::move(task)); }}),
      live_(std::make_shared<Actions*>(this)) {}

Actions::~Actions() = default;

std::function<void(std::function<void()>)> Actions::to_loop() const {
  return [loop = &parts_.loop, live = Live(live_)](std::function<void()> task) {
    loop->post([live, task = std::move(task)] {
      if (live.lock()) task();
    });
  };
}

void Actions::begin(const Effect& effect, Epoch) {
  to_loop()([this, effect] {
    std::visit(
        [&]<class What>(const What& what) {
          if constexpr (requires { what.place; }) take(effect.subject.name, what);
        },
        effect.what);
  });
}

bool Actions::is_here(const RunPlace& place) const { return place.host.empty() || place.host == settings_.own_host; }

void Actions::offer_until_taken(CommandBody body, std::function<void(Taken)> done) {
  parts_.offer(body, [this, post = to_loop(), body, done](Taken taken) {
    post([this, taken, body, done] {
      if (taken != Taken::again) {
        if (done) done(taken);
        return;
      }
      parts_.loop.after(offer_pause, [this, live = Live(live_), body, done] {
        if (live.lock()) offer_until_taken(body, done);
      });
    });
  });
}

// --- attempts ---

void Actions::take(const std::string&, const RunAction& action) {
  const std::string& id = action.effect_id.text;
  if (const auto known = succeeded_.find(id); known != succeeded_.end()) {
    NoteOutcome note = known->second;
    note.attempt = action.attempt;
    return report(note);
  }
  if (!action.action.target.empty()) {
    std::uint64_t& seen = fences_[action.action.target];
    if (action.fence < seen)
      return offer_until_taken(NoteStaleFence{action.effect_id, action.fence, action.place.run, seen, action.action.target}, {});
    seen = action.fence;
  }
  const auto [running, is_new] = running_.try_emplace(id, action.attempt);
  running->second = std::max(running->second, action.attempt);
  if (is_new) act(action);
}

void Actions::act(const RunAction& action) {
  const auto fail = [&](std::string reason) {
    NoteOutcome note;
    note.outcome = EffectOutcome::failed;
    note.reason = std::move(reason);
    ended(action, std::move(note), {});
  };
  if (!is_here(action.place)) return fail("agent_missing: " + action.place.host);
  if (action.action.capability != Capability::mutate) return ask_for(action);
  const Opened opened = open_secrets(action.action.args, parts_.secret);
  if (!opened.missing.empty()) return fail("secret_missing: " + opened.missing);
  switch (action.action.kind) {
    case ActionKind::http: return send(action, opened);
    case ActionKind::exec: return execute(action, opened);
    case ActionKind::file: case ActionKind::symlink: return place(action);
    case ActionKind::service: return change_unit(action);
    case ActionKind::query: case ActionKind::tcp: case ActionKind::workload: break;
  }
  fail("not_a_change: " + std::string(word(action.action.kind)));
}

// A read or a probe: one answer.
void Actions::ask_for(const RunAction& action) {
  Questions::Question question{action.action.kind, action.action.args, action.place, std::nullopt, action.until - parts_.now(),
                               action.effect_id.text, action.attempt};
  questions_.ask(std::move(question), [this, live = Live(live_), action](const Answer& answer) {
    if (!live.lock()) return;
    NoteOutcome note;
    note.outcome = answer.observed == Observed::true_ ? EffectOutcome::succeeded : EffectOutcome::failed;
    note.output = answer.output;
    note.output_redacted = answer.is_redacted;
    note.reason = answer.observed == Observed::no_data ? "no_data: " + answer.reason : answer.reason;
    ended(action, std::move(note), {});
  });
}

void Actions::send(const RunAction& action, const Opened& opened) {
  auto call = call_of(opened.values, action.until - parts_.now());
  if (!call || call->timeout <= Duration{}) {
    NoteOutcome note;
    note.outcome = EffectOutcome::failed;
    note.reason = call ? "no_time_left" : "url_missing";
    return ended(action, std::move(note), {});
  }
  call->headers.push_back({std::string(key_header), action.effect_id.text});
  parts_.client.start(std::move(*call), [this, live = Live(live_), action, opened](
                                            const Result<ports::HttpAnswer, ports::HttpFailure>& answer) {
    if (live.lock()) ended(action, outcome_of(opened.values, answer), opened.secrets);
  });
}

void Actions::execute(const RunAction& action, const Opened& opened) {
  PlanAction with_secrets = action.action;
  with_secrets.args = opened.values;
  const Duration timeout = action.until - parts_.now();
  const ExecPlace place{action.place, action.direction, action.effect_id, action.attempt, action.fence};
  auto shot = one_shot_of(with_secrets, place, std::max(timeout, Duration::milliseconds(1)));
  if (!shot || timeout <= Duration{}) {
    NoteOutcome note;
    note.outcome = EffectOutcome::failed;
    note.reason = shot ? "no_time_left" : "argv_missing";
    return ended(action, std::move(note), {});
  }
  parts_.one_shots.run(std::move(*shot),
                       [this, live = Live(live_), action, secrets = opened.secrets](const ports::OneShotOutcome& end) {
                         if (live.lock()) ended(action, outcome_of(end), secrets);
                       });
}

void Actions::place(const RunAction& action) {
  const bool is_taken = parts_.run_elsewhere([this, post = to_loop(), files = files_, action] {
    const std::optional<FileProblem> problem = files.carry_out(action);
    post([this, action, problem] {
      NoteOutcome note;
      note.outcome = problem ? EffectOutcome::failed : EffectOutcome::succeeded;
      if (problem) note.reason = problem->reason;
      ended(action, std::move(note), {});
    });
  });
  if (is_taken) return;
  NoteOutcome note;
  note.outcome = EffectOutcome::failed;
  note.reason = "busy";
  note.retryable = true;
  ended(action, std::move(note), {});
}

void Actions::ended(const RunAction& action, NoteOutcome note, const std::vector<std::string>& secrets) {
  const std::string& id = action.effect_id.text;
  const auto running = running_.find(id);
  note.attempt = running == running_.end() ? action.attempt : running->second;
  if (running != running_.end()) running_.erase(running);
  note.effect_id = action.effect_id;
  note.run = action.place.run;
  SafeText output = safe_text(std::move(note.output), secrets);
  note.output = std::move(output.text);
  note.output_redacted = note.output_redacted || output.is_redacted;
  note.reason = safe_text(std::move(note.reason), secrets).text;
  if (note.outcome == EffectOutcome::succeeded && succeeded_.emplace(id, note).second) {
    succeeded_order_.push_back(id);
    if (succeeded_order_.size() > succeeded_max) {
      succeeded_.erase(succeeded_order_.front());
      succeeded_order_.pop_front();
    }
  }
  report(note);
}

void Actions::report(const NoteOutcome& note) {
  offer_until_taken(note, [this, note](Taken) { parts_.one_shots.recorded(note.effect_id.text, note.attempt); });
}

// Its attempt reports the outcome, as if nobody had asked.
void Actions::take(const std::string&, const EndAction& end) {
  parts_.one_shots.end(end.effect_id.text);
  questions_.end(end.effect_id.text);
}

// --- looks ---

void Actions::take(const std::string&, const LookAction& action) {
  auto look = std::make_shared<Look>();
  *look = Look{action.place, action.actions, action.known, {}, action.verify, action.until};
  look_on(look, 0);
}

namespace {

// `former` of a step with one action is what was found of it; of one with more, a map of those under their numbers.
PlanValues former_of(const PlanValues& found, std::size_t actions) {
  if (actions != 1 || found.empty()) return found;
  return *found.at("1").as_map();
}

PlanValues former_at(const PlanValues& former, std::size_t index, std::size_t actions) {
  if (actions == 1) return former;
  const auto at = former.find(std::to_string(index + 1));
  return at == former.end() || at->second.as_map() == nullptr ? PlanValues() : *at->second.as_map();
}

bool is_placed(ActionKind kind) { return kind == ActionKind::file || kind == ActionKind::symlink; }

}  // namespace

void Actions::cannot_look(const std::shared_ptr<Look>& look, const std::string& reason) {
  NoteLook note;
  note.run = look->place.run;
  note.step = look->place.step;
  note.reason = safe_text(reason, {}).text;
  offer_until_taken(note, {});
}

void Actions::looked(const std::shared_ptr<Look>& look, std::size_t index, PlanValues found) {
  look->former[std::to_string(index + 1)] = std::move(found);
  look_on(look, index + 1);
}

void Actions::look_at_path(const std::shared_ptr<Look>& look, std::size_t index) {
  const bool is_taken = parts_.run_elsewhere([this, post = to_loop(), files = files_, look, index] {
    auto found = files.look(look->actions[index], look->place.folder);
    post([this, look, index, found = std::move(found)]() mutable {
      if (found) looked(look, index, std::move(*found));
      else cannot_look(look, found.error().reason);
    });
  });
  if (!is_taken) cannot_look(look, "capture_incomplete: busy");
}

void Actions::look_on(const std::shared_ptr<Look>& look, std::size_t index) {
  if (!is_here(look->place)) return cannot_look(look, "agent_missing: " + look->place.host);
  for (; index < look->actions.size(); ++index) {
    if (is_placed(look->actions[index].kind)) return look_at_path(look, index);
    if (look->actions[index].kind == ActionKind::service) return look_at_unit(look, index);
    if (const auto known = look->known.find(std::to_string(index + 1)); known != look->known.end())
      look->former[known->first] = known->second;
  }
  NoteLook note;
  note.run = look->place.run;
  note.step = look->place.step;
  note.former = former_of(look->former, look->actions.size());
  if (!look->verify) return offer_until_taken(note, {});
  Questions::Question question{look->verify->kind, look->verify->args, look->place, std::nullopt, look->until - parts_.now(),
                               look->place.run + "/" + look->place.step + "/look/" + std::to_string(parts_.now().ms), 1};
  questions_.ask(std::move(question), [this, live = Live(live_), note](const Answer& answer) mutable {
    if (!live.lock()) return;
    note.before = answer.observed;
    offer_until_taken(note, {});
  });
}

void Actions::take(const std::string&, const ObserveUndo& undo) {
  auto look = std::make_shared<Look>();
  *look = Look{undo.place, undo.actions, undo.known, undo.former, std::nullopt, undo.until};
  judge_undo(look, 0, is_here(undo.place));
}

namespace {

// Whether the core's own knowledge of a workload is what the action asked for.
bool is_workload_as_asked(const PlanAction& action, const PlanValues& known, const PlanValues& former) {
  const auto values = known.find("state");
  if (action.args.empty() || values == known.end()) return false;
  const std::string_view state = text_of(known, "state");
  const bool is_up = state == "starting" || state == "running";
  if (action.args.contains("stop")) return state == "stopped" || state == "completed" || state == "failed";
  if (action.args.contains("start")) return is_up;
  const auto incarnation = known.find("incarnation"), before = former.find("incarnation");
  const bool is_newer = incarnation != known.end() && incarnation->second.as_integer() != nullptr &&
                        (before == former.end() || before->second.as_integer() == nullptr ||
                         *incarnation->second.as_integer() > *before->second.as_integer());
  return is_up && is_newer;
}

}  // namespace

void Actions::judge_undo(const std::shared_ptr<Look>& look, std::size_t index, bool seen) {
  for (; seen && index < look->actions.size(); ++index) {
    if (is_placed(look->actions[index].kind)) return judge_path(look, index);
    if (look->actions[index].kind == ActionKind::service) return judge_unit(look, index);
    if (look->actions[index].kind != ActionKind::workload) continue;  // exec and http count by their outcome
    const PlanValues known = former_at(look->known, index, 0), former = former_at(look->former, index, look->actions.size());
    seen = is_workload_as_asked(look->actions[index], known, former);
  }
  offer_until_taken(NoteUndoSeen{look->place.run, seen, look->place.step}, {});
}

void Actions::judge_path(const std::shared_ptr<Look>& look, std::size_t index) {
  // Built-in undos stand in reverse order of what they take back.
  const std::size_t number = look->actions.size() - 1 - index;
  const bool is_taken = parts_.run_elsewhere([this, post = to_loop(), files = files_, look, index, number] {
    const PlanValues former = former_at(look->former, number, look->actions.size());
    const auto is_there = files.is_as_asked({look->actions[index], former, look->place.folder});
    post([this, look, index, was_seen = is_there && *is_there] { judge_undo(look, index + 1, was_seen); });
  });
  if (!is_taken) offer_until_taken(NoteUndoSeen{look->place.run, false, look->place.step}, {});
}

}  // namespace watchbill::drivers::action
