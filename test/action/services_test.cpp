// The action `service` against units that the test holds in its hands: before, during and after a change.
#include "action/bench.h"
#include "drivers/action/service_action.h"

namespace watchbill::drivers::action {
namespace {

RunAction service(const Bench& bench, const std::string& state) {
  return bench.action(ActionKind::service, {{"name", "web"}, {"state", state}});
}

PlanValues former(const std::string& active_state, const std::string& invocation_id) {
  return {{"active_state", active_state}, {"invocation_id", invocation_id}};
}

LookAction look_before(const Bench& bench, const std::string& state) {
  LookAction look;
  look.place.run = "run-1";
  look.place.step = "1";
  look.actions = {service(bench, state).action};
  look.until = bench.loop.now + Duration::seconds(60);
  return look;
}

TEST(services, a_look_finds_state_and_invocation) {
  Bench bench;
  bench.units.become("active", "aa11");
  const LookAction look = look_before(bench, "restarted");
  bench.begin(look, "run-1/look/1");
  EXPECT_EQ(bench.last<NoteLook>().reason, "");
  EXPECT_EQ(bench.last<NoteLook>().former, former("active", "aa11"));
}

TEST(services, without_systemd_or_its_unit_nothing_is_sent_and_the_look_says_why) {
  Bench bench;
  const LookAction look = look_before(bench, "started");
  bench.units.state = Error{ErrorKind::not_found, "read unit", "web.service", "systemd does not answer here"};
  bench.begin(look, "run-1/look/1");
  EXPECT_TRUE(bench.last<NoteLook>().reason.starts_with("systemd_missing: ")) << bench.last<NoteLook>().reason;
  bench.units.state = ports::UnitState{};
  bench.begin(look, "run-1/look/2");
  EXPECT_EQ(bench.last<NoteLook>().reason, "unit_missing: systemd knows no web.service");
  EXPECT_TRUE(bench.units.changes.empty());
}

TEST(services, a_change_is_asked_once_under_its_effect_id) {
  Bench bench;
  bench.units.become("active", "bb22");
  RunAction action = service(bench, "restarted");
  action.former = former("active", "aa11");
  bench.begin(action);
  bench.begin(action);
  ASSERT_EQ(bench.units.changes.size(), 1U);
  EXPECT_EQ(bench.units.changes[0].effect_id, action.effect_id.text);
  EXPECT_EQ(bench.units.changes[0].unit, "web.service");
  EXPECT_EQ(bench.units.changes[0].verb, ports::UnitVerb::restart);
  EXPECT_EQ(bench.units.changes[0].timeout, Duration::seconds(60));
  bench.units.end(ports::UnitEnd::done);
  bench.settle();
  EXPECT_EQ(bench.last<NoteOutcome>().outcome, EffectOutcome::succeeded);
  EXPECT_EQ(bench.last<NoteOutcome>().output, "web.service is active, invocation bb22");
}

TEST(services, a_restart_under_the_same_invocation_has_failed) {
  Bench bench;
  bench.units.become("active", "aa11");
  RunAction action = service(bench, "restarted");
  action.former = former("active", "aa11");
  bench.begin(action);
  bench.units.end(ports::UnitEnd::done);
  bench.settle();
  EXPECT_EQ(bench.last<NoteOutcome>().outcome, EffectOutcome::failed);
  EXPECT_EQ(bench.last<NoteOutcome>().reason, "unit_not_restarted");
}

TEST(services, what_systemd_says_is_the_reason) {
  const auto reason = [](ports::UnitEnd end) {
    Bench bench;
    bench.units.become("failed", "bb22");
    bench.begin(service(bench, "started"));
    bench.units.end(end, "job failed");
    bench.settle();
    const NoteOutcome& note = bench.last<NoteOutcome>();
    return std::string(word(note.outcome)) + " " + note.reason;
  };
  EXPECT_EQ(reason(ports::UnitEnd::failed), "failed unit_failed: job failed");
  EXPECT_EQ(reason(ports::UnitEnd::refused), "failed unit_refused: job failed");
  EXPECT_EQ(reason(ports::UnitEnd::unknown), "unknown unit_unknown: job failed");
}

// --- the controller dies before, during and after the change

TEST(services, a_restart_that_was_never_sent_is_found_absent) {
  Bench bench;
  bench.units.become("active", "aa11");
  bench.keeper.known.phase = ports::OneShotPhase::never_seen;
  bench.begin(probe_of(service(bench, "restarted"), former("active", "aa11")), "run-1/probe/1");
  EXPECT_EQ(bench.last<NoteProbe>().finding, ProbeFinding::absent);
}

TEST(services, a_restart_under_way_is_waited_for_and_then_found_done) {
  Bench bench;
  bench.units.become("deactivating", "aa11");
  bench.begin(service(bench, "restarted"));
  bench.restart();  // the controller dies; the keeper's process goes on
  bench.keeper.known.phase = ports::OneShotPhase::running;
  bench.begin(probe_of(service(bench, "restarted"), former("active", "aa11")), "run-1/probe/1");
  bench.settle(Duration::seconds(20));
  EXPECT_TRUE(bench.offered.empty()) << "half done is neither done nor absent";
  bench.keeper.known.phase = ports::OneShotPhase::ended;
  bench.units.become("active", "bb22");
  bench.settle(Duration::seconds(5));
  EXPECT_EQ(bench.last<NoteProbe>().finding, ProbeFinding::done);
  EXPECT_EQ(bench.last<NoteProbe>().source, "observation");
}

TEST(services, a_stop_that_ended_unseen_is_found_done_and_nothing_is_asked_again) {
  Bench bench;
  bench.units.become("inactive", "aa11");
  bench.keeper.known.phase = ports::OneShotPhase::ended;
  bench.begin(probe_of(service(bench, "stopped"), former("active", "aa11")), "run-1/probe/1");
  EXPECT_EQ(bench.last<NoteProbe>().finding, ProbeFinding::done);
  EXPECT_TRUE(bench.units.changes.empty());
}

TEST(services, nothing_is_decided_while_the_keeper_or_systemd_cannot_tell) {
  Bench bench;
  bench.units.become("inactive", "aa11");
  bench.keeper.known.phase = ports::OneShotPhase::unreachable;
  bench.begin(probe_of(service(bench, "started"), former("inactive", "aa11")), "run-1/probe/1");
  bench.settle(Duration::seconds(10));
  EXPECT_TRUE(bench.offered.empty());
  bench.keeper.known.phase = ports::OneShotPhase::ended;
  bench.units.become("activating", "bb22");
  bench.settle(Duration::seconds(10));
  EXPECT_TRUE(bench.offered.empty());
  bench.units.become("failed", "bb22");
  bench.settle(Duration::seconds(5));
  EXPECT_EQ(bench.last<NoteProbe>().finding, ProbeFinding::absent) << "it is at rest, and not started";
}

TEST(services, an_undo_that_restarts_is_never_judged_by_what_the_do_found) {
  ProbeAction probe;
  probe.action.args = {{"name", "web"}, {"state", "restarted"}};
  probe.direction = Direction::undo;
  probe.former = former("active", "aa11");
  ports::UnitState unit;
  unit.is_loaded = true;
  unit.active_state = "active";
  unit.invocation_id = "bb22";
  EXPECT_EQ(finding_of(probe, unit), std::nullopt);
}

TEST(services, an_undo_is_seen_when_the_unit_is_as_it_asked) {
  Bench bench;
  ObserveUndo undo;
  undo.place.run = "run-1";
  undo.place.step = "1";
  undo.actions = {service(bench, "stopped").action};
  bench.units.become("active", "bb22");
  bench.begin(undo, "run-1/ask/1");
  EXPECT_FALSE(bench.last<NoteUndoSeen>().seen);
  bench.units.become("inactive", "bb22");
  bench.begin(undo, "run-1/ask/2");
  EXPECT_TRUE(bench.last<NoteUndoSeen>().seen);
}

TEST(services, the_action_names_unit_and_verb) {
  PlanAction action;
  action.args = {{"name", "web"}, {"state", "restarted"}};
  EXPECT_EQ(unit_of(action), "web.service");
  EXPECT_EQ(verb_of(action), ports::UnitVerb::restart);
  action.args = {{"name", "backup.timer"}, {"state", "absent"}};
  EXPECT_EQ(unit_of(action), "backup.timer");
  EXPECT_EQ(verb_of(action), std::nullopt);
}

}  // namespace
}  // namespace watchbill::drivers::action
