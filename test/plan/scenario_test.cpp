// Stories of one run at a time: what other tools got wrong, and what a plan may say.
#include <gtest/gtest.h>

#include "plan/bench_of_runs.h"

namespace watchbill::core {
namespace {

const std::string run_id = "run-01JD0000000000000000000099";

ConfiguredAction action(ActionKind kind, PlanValues args) {
  ConfiguredAction out;
  out.kind = kind;
  out.args = std::move(args);
  return out;
}

ConfiguredStep change(ActionKind kind, PlanValues args, PlanValues undo) {
  ConfiguredStep step;
  step.name = "change";
  step.actions = {action(kind, std::move(args))};
  if (!undo.empty()) step.undo = {action(kind, std::move(undo))};
  step.verify.emplace();
  step.verify->action = action(ActionKind::query, {{"query", "up == 1"}});
  return step;
}

class Scenario : public ::testing::Test {
 protected:
  void begin(std::vector<ConfiguredStep> steps) {
    RunbookConfiguration configuration;
    configuration.own_host = "web-01";
    configuration.folder = "/etc/watchbill";
    configuration.runbooks["story"].steps = std::move(steps);
    bench.use_configuration(configuration);
    ask(StartRun{false, {}, {}, run_id, "story", "0000000000000001"});
  }
  void tell(CommandBody body) { events = bench.take(now, BenchOfRuns::engine_command(std::move(body))); }
  void ask(CommandBody body) { events = bench.take(now, BenchOfRuns::person_command("ana", std::move(body))); }
  void look(PlanValues former = {}) {
    NoteLook note;
    note.before = Observed::false_;
    note.former = std::move(former);
    note.run = run_id;
    note.step = plan::plan_of(bench.state().plan, run()).steps[*plan::present_step(run())].path;
    tell(std::move(note));
  }
  void outcome(EffectOutcome outcome, const std::string& reason = {}, const std::string& output = {}) {
    NoteOutcome note;
    note.attempt = run().effect->attempt;
    note.effect_id = run().effect->id;
    note.outcome = outcome;
    note.output = output;
    note.reason = reason;
    note.run = run_id;
    tell(std::move(note));
  }
  // Lets time pass, and what is due then happen.
  void pass(Duration time) {
    now = now + time;
    events = bench.meet_deadlines(now);
  }
  [[nodiscard]] const plan::Run& run() const { return *bench.state().plan.runs.find(run_id); }
  [[nodiscard]] std::string state() const { return std::string(word(run().state)); }
  [[nodiscard]] std::string happened() const {
    std::string out;
    for (const Event& event : events) out += (out.empty() ? "" : " ") + std::string(type_of(event));
    return out;
  }
  // The effects that are owed for runs, by the middle of their names.
  [[nodiscard]] std::vector<Effect> owed(std::string_view what) const {
    std::vector<Effect> out;
    const auto& queues = bench.state().schedule.ready.queues();
    const auto ready = queues.find(Queue{Area::plan, ""});
    if (ready == queues.end()) return out;
    ready->second.each_due(Instant::never(), [&](Instant, const Subject& subject) {
      if (subject.name.find("/" + std::string(what) + "/") != std::string::npos)
        out.push_back(effect_of(bench.state(), subject));
      return true;
    });
    return out;
  }

  BenchOfRuns bench;
  std::vector<Event> events;
  Instant now{Instant{1000}};
};

class a_dead_executor_is_unknown_not_running : public Scenario {
 protected:
  void SetUp() override {
    begin({change(ActionKind::http, {{"method", "POST"}, {"url", "http://lb/off"}},
                  {{"method", "POST"}, {"url", "http://lb/on"}})});
    look();
    sent = run().effect->id;
    pass(Duration::seconds(60));
    EXPECT_EQ(state(), "running");
    pass(Duration::seconds(60));  // its own time, and that of a silent agent
  }
  EffectId sent;
};

TEST_F(a_dead_executor_is_unknown_not_running, and_is_probed_before_any_retry) {
  EXPECT_EQ(happened(), "EffectOutcomeUnknown");
  EXPECT_EQ(state(), "outcome_unknown");
  EXPECT_TRUE(owed("act").empty());
  ASSERT_EQ(owed("probe").size(), 1U);
  tell(NoteProbe{sent, ProbeFinding::absent, run_id, "verify"});
  EXPECT_EQ(happened(), "EffectFoundAbsent EffectIntended");
  ASSERT_EQ(owed("act").size(), 1U);
  const auto again = std::get<RunAction>(owed("act").front().what);
  EXPECT_EQ(again.effect_id, sent);
  EXPECT_EQ(again.attempt, 2U);
}

TEST_F(a_dead_executor_is_unknown_not_running, and_waits_for_a_person_when_nobody_can_tell) {
  pass(Duration::seconds(300));
  EXPECT_EQ(happened(), "EffectProbeExhausted PlanHeld");
  EXPECT_EQ(run().held_for, std::optional(HeldFor::outcome_unknown));
  EXPECT_TRUE(owed("act").empty());
  ask(ResolveRun{OutcomeAnswer::not_done, "looked", run_id, "1"});
  EXPECT_EQ(std::get<RunAction>(owed("act").front().what).effect_id, sent);
}

class cancel_always_ends : public Scenario {
 protected:
  void SetUp() override {
    begin({change(ActionKind::exec, {{"argv", PlanValue::List{PlanValue("drain")}}},
                  {{"argv", PlanValue::List{PlanValue("undrain")}}})});
    look();
    ask(CancelRun{"wrong host", run_id});
  }
};

// Who an exec is meant for stands in its intent, and whoever asks for it after a crash is told.
class an_exec_is_meant_for_one_keeper : public Scenario {
 protected:
  void SetUp() override {
    tell(found(41));
    begin({change(ActionKind::exec, {{"argv", PlanValue::List{PlanValue("drain")}}},
                  {{"argv", PlanValue::List{PlanValue("undrain")}}})});
    look();
  }
  static NoteKeeper found(std::int64_t pid) {
    NoteKeeper note;
    note.boot_id = "b1";
    note.memory = "m1";
    note.pid = pid;
    return note;
  }
};

TEST_F(an_exec_is_meant_for_one_keeper, whichever_answers_when_it_is_lost) {
  tell(found(42));  // its successor
  pass(Duration::seconds(60));
  pass(Duration::seconds(60));
  ASSERT_EQ(owed("probe").size(), 1U);
  EXPECT_EQ(std::get<ProbeAction>(owed("probe").front().what).keeper, keeper_name("m1", "b1", 41));
}

TEST_F(cancel_always_ends, with_the_exec_asked_to_end_and_its_step_taken_back) {
  EXPECT_EQ(happened(), "CancelRequested");
  EXPECT_EQ(owed("end").size(), 1U);
  outcome(EffectOutcome::failed, "signal 9");
  EXPECT_EQ(happened(), "EffectFailed StepFailed CompensationStarted UndoIntended EffectIntended");
  ask(CancelRun{"again", run_id});
  EXPECT_EQ(state(), "compensating");
  outcome(EffectOutcome::succeeded);
  EXPECT_EQ(state(), "compensated");
}

TEST_F(cancel_always_ends, or_shows_what_cannot_be_killed) {
  outcome(EffectOutcome::unknown, "unkillable: pid 4711");
  EXPECT_EQ(happened(), "EffectOutcomeUnknown");
  EXPECT_EQ(state(), "outcome_unknown");
  ask(CancelRun{"again", run_id});
  EXPECT_EQ(state(), "outcome_unknown");
  ask(ResolveRun{OutcomeAnswer::leave, "the host is gone", run_id, "1"});
  EXPECT_EQ(state(), "left");
}

TEST_F(Scenario, a_late_value_stands_inside_a_longer_text) {
  ConfiguredStep read;
  read.name = "where";
  read.verb = StepVerb::read;
  read.actions = {action(ActionKind::exec, {{"argv", PlanValue::List{PlanValue("readlink")}}})};
  begin({read, change(ActionKind::exec, {{"argv", PlanValue::List{PlanValue("put"), PlanValue("--to={{ .Captured.where }}/x")}}},
                      {{"argv", PlanValue::List{PlanValue("remove")}}})});
  outcome(EffectOutcome::succeeded, {}, " /srv/releases/7\n");
  look();
  ASSERT_EQ(owed("act").size(), 1U);
  const auto put = std::get<RunAction>(owed("act").front().what);
  EXPECT_EQ(*(*put.action.args.at("argv").as_list())[1].as_text(), "--to=/srv/releases/7/x");
  EXPECT_EQ(put.place.folder, "/etc/watchbill");
  State replayed = bench.replayed();
  EXPECT_EQ(digest_of(bench.state()), digest_of(replayed));
}

TEST_F(Scenario, a_file_without_an_undo_is_put_back_as_it_was) {
  ConfiguredStep step = change(ActionKind::file, {{"path", "/srv/a"}, {"content", "x"}}, {});
  step.actions.push_back(action(ActionKind::symlink, {{"path", "/srv/b"}, {"to", "a"}}));
  begin({step});
  look({{"1", PlanValue::Map{{"absent", "yes"}}}, {"2", PlanValue::Map{{"to", "old"}}}});
  const EffectId file = run().effect->id;
  outcome(EffectOutcome::succeeded);
  const EffectId link = run().effect->id;
  outcome(EffectOutcome::failed, "denied");
  EXPECT_EQ(state(), "compensating");
  const auto first = std::get<RunAction>(owed("act").front().what);
  EXPECT_EQ(first.action.kind, ActionKind::symlink) << "in reverse order";
  EXPECT_EQ(text_of(first.action.args, "state"), "former");
  EXPECT_EQ(text_of(first.former, "to"), "old");
  EXPECT_EQ(first.original, link);
  outcome(EffectOutcome::succeeded);
  const auto second = std::get<RunAction>(owed("act").front().what);
  EXPECT_EQ(text_of(second.former, "absent"), "yes");
  EXPECT_EQ(second.original, file);
  outcome(EffectOutcome::succeeded);
  tell(NoteUndoSeen{run_id, true, "1"});
  EXPECT_EQ(state(), "compensated");
}

TEST_F(Scenario, what_cannot_be_read_before_fails_at_once_and_nothing_is_sent) {
  begin({change(ActionKind::file, {{"path", "/srv/a"}, {"content", "x"}}, {})});
  NoteLook note;
  note.reason = "original_too_large: /srv/a";
  note.run = run_id;
  note.step = "1";
  tell(note);
  EXPECT_EQ(happened(), "StepFailed PlanFailed MutateWithdrawn LockReleased");
}

TEST_F(Scenario, a_stale_fence_is_recorded_and_changes_nothing) {
  begin({change(ActionKind::file, {{"path", "/srv/a"}, {"content", "x"}}, {})});
  look();
  tell(NoteStaleFence{run().effect->id, 1, run_id, 2, "host/web-01"});
  EXPECT_EQ(happened(), "StaleFenceRefused");
  EXPECT_EQ(state(), "running");
  tell(NoteStaleFence{run().effect->id, 2, run_id, 2, "host/web-01"});
  EXPECT_EQ(bench.refused()->reason, Refusal::bad_argument);
}

TEST_F(Scenario, a_dry_run_is_one_event_and_no_run) {
  begin({change(ActionKind::file, {{"path", "/srv/a"}, {"content", "x"}}, {})});
  StartRun start;
  start.dry_run = true;
  start.runbook = "story";
  ask(start);
  EXPECT_EQ(happened(), "DryRunCompleted");
  EXPECT_TRUE(std::get<DryRunCompleted>(events.front()).refusals.empty());
  EXPECT_EQ(bench.state().plan.runs.size(), 1U);
  ask(SetHold{"looking", false, "host/web-01"});
  ask(start);
  EXPECT_EQ(std::get<DryRunCompleted>(events.front()).refusals,
            std::vector<std::string>{"hold_active: a hold covers host/web-01"});
}

ConfiguredStep asking(StepVerb verb, const std::string& name) {
  ConfiguredStep step;
  step.name = name;
  step.verb = verb;
  step.actions = {action(ActionKind::query, {{"query", "up == 1"}})};
  return step;
}

TEST_F(Scenario, a_dry_run_takes_answers_of_its_own_plan_only) {
  begin({asking(StepVerb::read, "look"), asking(StepVerb::probe, "check"), asking(StepVerb::probe, "again")});
  StartRun start;
  start.dry_run = true;
  start.runbook = "story";
  start.answers = {
      {Observed::true_, {}, "1", false}, {Observed::false_, "up is 0", "2", false}, {Observed::true_, {}, "9", false}};
  start.answered_plan = Digest{};
  ask(start);
  const DryRunCompleted unasked = std::get<DryRunCompleted>(events.front());
  EXPECT_TRUE(unasked.answers.empty());
  EXPECT_EQ(unasked.unknown, (std::vector<std::string>{"1", "2", "3"}));
  start.answered_plan = unasked.plan;
  ask(start);
  const DryRunCompleted asked = std::get<DryRunCompleted>(events.front());
  EXPECT_EQ(asked.answers.size(), 2U) << "there is no step 9";
  EXPECT_EQ(asked.unknown, std::vector<std::string>{"3"});
  EXPECT_EQ(asked.refusals, std::vector<std::string>{"probe_failed: step 2 check: up is 0"});
}

TEST_F(Scenario, a_unit_is_changed_and_probed_with_what_its_own_look_found) {
  ConfiguredStep step =
      change(ActionKind::service, {{"name", "web"}, {"state", "restarted"}}, {{"name", "web"}, {"state", "stopped"}});
  step.actions.insert(step.actions.begin(), action(ActionKind::file, {{"path", "/srv/a"}, {"content", "x"}}));
  begin({step});
  const PlanValues unit{{"active_state", "active"}, {"invocation_id", "aa11"}};
  look({{"1", PlanValue::Map{{"absent", "yes"}}}, {"2", PlanValue::Map(unit)}});
  EXPECT_TRUE(std::get<RunAction>(owed("act").front().what).former.empty()) << "a file finds out for itself";
  outcome(EffectOutcome::succeeded);
  EXPECT_EQ(std::get<RunAction>(owed("act").front().what).former, unit);
  outcome(EffectOutcome::unknown, "keeper_lost");
  ASSERT_EQ(owed("probe").size(), 1U);
  EXPECT_EQ(std::get<ProbeAction>(owed("probe").front().what).former, unit);
  outcome(EffectOutcome::failed, "unit_failed");
  EXPECT_EQ(state(), "compensating");
  EXPECT_EQ(text_of(std::get<RunAction>(owed("act").front().what).action.args, "state"), "stopped");
  EXPECT_TRUE(std::get<RunAction>(owed("act").front().what).former.empty());
  outcome(EffectOutcome::succeeded);
  ASSERT_EQ(owed("ask").size(), 1U) << "that it is stopped is seen, not believed";
  EXPECT_TRUE(std::holds_alternative<ObserveUndo>(owed("ask").front().what));
  tell(NoteUndoSeen{run_id, true, "1"});
  EXPECT_EQ(state(), "compensated");
}

}  // namespace
}  // namespace watchbill::core
