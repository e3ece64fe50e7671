#include "drivers/action/actions.h"

#include <algorithm>

namespace watchbill::drivers::action {
namespace {

// The question of the last instant may still be answered.
constexpr Duration late_answer_max = Duration::seconds(1);
// As long as the core waits before it asks a person (domain/plans.md §4).
constexpr Duration probing_max = Duration::seconds(300);
constexpr Duration probe_timeout = Duration::seconds(10);

Duration pause_between(const PlanCheck& check) { return check.retries ? check.delay.value_or(check.interval) : check.interval; }

}  // namespace

void Actions::later(const std::string& name, Duration pause, void (Actions::*what)(const std::string&)) {
  parts_.loop.after(std::max(pause, Duration::milliseconds(1)), [this, live = Live(live_), name, what] {
    if (live.lock() && standing_.contains(name)) (this->*what)(name);
  });
}

// --- cadences ---

void Actions::take(const std::string& name, const AskQuestion& question) {
  if (standing_.emplace(name, Standing{question, parts_.now(), std::nullopt, 0}).second) ask_again(name);
}

void Actions::ask_again(const std::string& name) {
  Standing& standing = standing_.at(name);
  const AskQuestion asked = std::get<AskQuestion>(standing.what);
  const Instant now = parts_.now();
  const bool is_over = now > asked.until + late_answer_max || (asked.check.retries && standing.count >= *asked.check.retries);
  if (is_over || !is_here(asked.place)) {
    standing_.erase(name);
    return;
  }
  const std::uint32_t count = ++standing.count;
  Questions::Question question{asked.check.kind,
                               asked.check.args,
                               asked.place,
                               asked.since,
                               std::min(asked.until + late_answer_max - now, asked.check.interval * 2 + probe_timeout),
                               name,
                               count};
  questions_.ask(std::move(question), [this, live = Live(live_), name, asked, now](const Answer& answer) {
    if (!live.lock() || !standing_.contains(name)) return;
    NoteAnswer note;
    note.answer = answer.observed;
    note.previous_at = standing_.at(name).asked_at;
    note.reason = safe_text(answer.reason, {}).text;
    note.run = asked.place.run;
    note.samples = answer.samples;
    note.step = asked.place.step;
    note.undo = asked.undo;
    standing_.at(name).asked_at = parts_.now();
    parts_.offer(note, [this, post = to_loop(), name, asked, now](Taken taken) {
      post([this, name, asked, now, taken] {
        if (taken == Taken::refused) standing_.erase(name);
        // The next turn of the cadence; a late answer has skipped some.
        else later(name, now + pause_between(asked.check) - parts_.now(), &Actions::ask_again);
      });
    });
  });
}

// --- unknown outcomes ---

void Actions::take(const std::string& name, const ProbeAction& probe) {
  if (!probe.action.target.empty()) {
    // Whoever asks under a higher fence is known from now on: what was sent before will be refused.
    std::uint64_t& seen = fences_[probe.action.target];
    seen = std::max(seen, probe.fence);
  }
  if (standing_.emplace(name, Standing{probe, parts_.now(), std::nullopt, 0}).second) probe_again(name);
}

void Actions::probe_again(const std::string& name) {
  Standing& standing = standing_.at(name);
  const auto& probe = std::get<ProbeAction>(standing.what);
  ++standing.count;
  if (parts_.now() - standing.begun > probing_max || !is_here(probe.place)) {
    standing_.erase(name);
    return;
  }
  if (const auto known = succeeded_.find(probe.effect_id.text); known != succeeded_.end()) {
    NoteOutcome note = known->second;
    note.attempt = probe.attempt;
    return found(name, std::move(note));
  }
  // It is still under way here: its end will tell.
  if (running_.contains(probe.effect_id.text)) return later(name, probe.interval, &Actions::probe_again);
  if (probe.action.capability == Capability::mutate && probe.action.kind == ActionKind::exec) return probe_exec(name);
  if (probe.action.kind == ActionKind::service) return probe_unit(name);
  if (probe.action.kind == ActionKind::file || probe.action.kind == ActionKind::symlink) return probe_file(name);
  if (probe.action.capability != Capability::mutate)
    return found(name, NoteProbe{probe.effect_id, ProbeFinding::absent, probe.place.run, "resend"});
  probe_by_verify(name);
}

void Actions::probe_file(const std::string& name) {
  const ProbeAction probe = std::get<ProbeAction>(standing_.at(name).what);
  const bool is_taken = parts_.run_elsewhere([this, post = to_loop(), files = files_, name, probe] {
    const PlacedFiles::Question question{probe.action, probe.former, probe.place.folder};
    const auto is_done = files.is_as_asked(question);
    const auto is_absent = files.is_as_before(question);
    std::optional<ProbeFinding> finding;
    if (is_done && *is_done) finding = ProbeFinding::done;
    else if (is_absent && *is_absent) finding = ProbeFinding::absent;
    post([this, name, probe, finding] {
      if (!standing_.contains(name)) return;
      if (finding) found(name, NoteProbe{probe.effect_id, *finding, probe.place.run, "observation"});
      else probe_by_verify(name);
    });
  });
  if (!is_taken) later(name, probe.interval, &Actions::probe_again);
}

void Actions::probe_exec(const std::string& name) {
  const ProbeAction probe = std::get<ProbeAction>(standing_.at(name).what);
  parts_.one_shots.look(probe.effect_id.text, [this, live = Live(live_), name, probe](const ports::OneShotKnown& known) {
    if (!live.lock() || !standing_.contains(name)) return;
    switch (known.phase) {
      case ports::OneShotPhase::ended: {
        NoteOutcome note = outcome_of(known.outcome);
        if (note.outcome == EffectOutcome::unknown) return probe_by_verify(name);
        note.attempt = probe.attempt;
        note.effect_id = probe.effect_id;
        note.output = safe_text(std::move(note.output), open_secrets(probe.action.args, parts_.secret).secrets).text;
        note.run = probe.place.run;
        return found(name, std::move(note));
      }
      case ports::OneShotPhase::running: case ports::OneShotPhase::unreachable:
        return later(name, probe.interval, &Actions::probe_again);
      case ports::OneShotPhase::never_seen: break;
    }
    // Who would have been sent it was never sent it, and now that an agent of a higher epoch is heard, will not be.
    if (!probe.keeper.empty() && known.keeper == probe.keeper)
      return found(name, NoteProbe{probe.effect_id, ProbeFinding::absent, probe.place.run, "never_seen"});
    probe_by_verify(name);
  });
}

// Asks the step's verify: true is done; false is absent only where doing it twice does no harm.
void Actions::probe_by_verify(const std::string& name) {
  const Standing& standing = standing_.at(name);
  const ProbeAction probe = std::get<ProbeAction>(standing.what);
  if (!probe.verify) return later(name, probe.interval, &Actions::probe_again);
  Questions::Question question{probe.verify->kind, probe.verify->args, probe.place, standing.begun, probe_timeout, name,
                               standing.count};
  questions_.ask(std::move(question), [this, live = Live(live_), name, probe](const Answer& answer) {
    if (!live.lock() || !standing_.contains(name)) return;
    const bool is_absent = answer.observed == Observed::false_ && probe.action.idempotent;
    if (answer.observed == Observed::true_)
      found(name, NoteProbe{probe.effect_id, ProbeFinding::done, probe.place.run, "verify"});
    else if (is_absent) found(name, NoteProbe{probe.effect_id, ProbeFinding::absent, probe.place.run, "verify"});
    else later(name, probe.interval, &Actions::probe_again);
  });
}

void Actions::found(const std::string& name, CommandBody body) {
  standing_.erase(name);
  offer_until_taken(std::move(body), {});
}

}  // namespace watchbill::drivers::action
