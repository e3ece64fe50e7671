// Attempts, answers and probes of every kind: once, under the fence, within the time, with no secret told.
#include "action/bench.h"

namespace watchbill::drivers::action {
namespace {

RunAction post(const Bench& bench) {
  return bench.action(ActionKind::http, {{"method", "POST"}, {"url", "http://lb.example/drain"}, {"data", "web-01"}});
}

TEST(actions, a_post_carries_the_effect_id_and_is_sent_once) {
  Bench bench;
  const RunAction action = post(bench);
  bench.begin(action);
  ASSERT_EQ(bench.client.calls.size(), 1U);
  EXPECT_EQ(bench.client.calls[0].body, "web-01");
  EXPECT_FALSE(bench.client.calls[0].may_be_sent_twice);
  EXPECT_EQ(*ports::find_field(bench.client.calls[0].headers, "Idempotency-Key"), action.effect_id.text);
  RunAction again = action;
  again.attempt = 2;
  bench.begin(again);  // while the first is on its way
  bench.client.answer(200, "drained");
  bench.settle();
  EXPECT_EQ(bench.last<NoteOutcome>().outcome, EffectOutcome::succeeded);
  EXPECT_EQ(bench.last<NoteOutcome>().attempt, 2U);
  EXPECT_EQ(bench.last<NoteOutcome>().output, "drained");
  bench.begin(again);  // after it succeeded
  EXPECT_EQ(bench.client.calls.size(), 1U);
  EXPECT_EQ(bench.offered.size(), 2U);
}

TEST(actions, a_call_that_was_sent_and_not_answered_is_unknown) {
  for (const auto kind : {ports::HttpFailureKind::closed_after_sending, ports::HttpFailureKind::timed_out_after_sending,
                          ports::HttpFailureKind::response_malformed}) {
    Bench bench;
    bench.begin(post(bench));
    bench.client.fail(kind);
    bench.settle();
    EXPECT_EQ(bench.last<NoteOutcome>().outcome, EffectOutcome::unknown) << word(kind);
  }
}

TEST(actions, what_was_never_sent_may_be_tried_again) {
  Bench bench;
  bench.begin(post(bench));
  bench.client.fail(ports::HttpFailureKind::connection_refused);
  bench.settle();
  EXPECT_EQ(bench.last<NoteOutcome>().outcome, EffectOutcome::failed);
  EXPECT_TRUE(bench.last<NoteOutcome>().retryable);
  RunAction again = post(bench);
  again.attempt = 2;
  bench.begin(again);
  EXPECT_EQ(bench.client.calls.size(), 2U);
}

TEST(actions, a_status_is_judged_as_the_arguments_say) {
  Bench bench;
  bench.begin(post(bench));
  bench.client.answer(503, "", {{"Retry-After", "7"}});
  bench.settle();
  EXPECT_EQ(bench.last<NoteOutcome>().reason, "status 503");
  EXPECT_TRUE(bench.last<NoteOutcome>().retryable);
  EXPECT_EQ(bench.last<NoteOutcome>().retry_after, Duration::seconds(7));
  bench.begin(post(bench));
  bench.client.answer(404);
  bench.settle();
  EXPECT_FALSE(bench.last<NoteOutcome>().retryable);
  const auto unmet = [](PlanValues args, std::uint32_t status, const std::string& body) {
    return unmet_by(args, ports::HttpAnswer{status, {}, body, {}});
  };
  EXPECT_EQ(unmet({{"status", PlanValue::List{PlanValue(std::int64_t{404})}}}, 404, ""), "");
  EXPECT_EQ(unmet({{"status", std::int64_t{204}}}, 200, ""), "status 200");
  EXPECT_EQ(unmet({{"body", "ok"}}, 200, "it is not"), "body");
  const PlanValues json{{"json", PlanValue::Map{{"ready", "true"}, {"state", "up"}, {"count", "3"}}}};
  EXPECT_EQ(unmet(json, 200, R"({"state":"up","ready":true,"count":3})"), "");
  EXPECT_EQ(unmet(json, 200, R"({"state":"up","ready":false,"count":3})"), "json ready");
  EXPECT_EQ(unmet(json, 200, "<html>"), "json");
}

TEST(actions, a_lower_fence_of_the_target_is_refused_and_told) {
  Bench bench;
  RunAction newer = post(bench);
  newer.fence = 9;
  bench.begin(newer);
  RunAction older = post(bench);
  older.effect_id = EffectId{std::string(32, 'c')};
  older.fence = 8;
  bench.begin(older);
  EXPECT_EQ(bench.client.calls.size(), 1U);
  EXPECT_EQ(bench.last<NoteStaleFence>().fence, 8U);
  EXPECT_EQ(bench.last<NoteStaleFence>().seen, 9U);
}

TEST(actions, a_secret_is_sent_and_never_told) {
  Bench bench;
  RunAction action = post(bench);
  action.action.args["headers"] = PlanValue::Map{{"Authorization", SecretName{"env:TOKEN"}}};
  bench.begin(action);
  EXPECT_EQ(*ports::find_field(bench.client.calls[0].headers, "Authorization"), "hunter2-hunter2");
  bench.client.answer(200, "you are hunter2-hunter2, aHVudGVyMi1odW50ZXIy");
  bench.settle();
  EXPECT_EQ(bench.last<NoteOutcome>().output, "you are [redacted], [redacted]");
  EXPECT_TRUE(bench.last<NoteOutcome>().output_redacted);
  RunAction without = post(bench);
  without.effect_id = EffectId{std::string(32, 'd')};
  without.action.args["headers"] = PlanValue::Map{{"Authorization", SecretName{"env:NOT_THERE"}}};
  bench.begin(without);
  EXPECT_EQ(bench.last<NoteOutcome>().reason, "secret_missing: env:NOT_THERE");
  EXPECT_EQ(bench.client.calls.size(), 1U);
}

TEST(actions, output_is_utf8_and_at_most_4_kib) {
  EXPECT_EQ(safe_text("a\xff" "b", {}).text, "a\xEF\xBF\xBD" "b");
  const std::string long_text = std::string(output_bytes_max - 1, 'x') + "é";
  EXPECT_EQ(safe_text(long_text, {}).text, std::string(output_bytes_max - 1, 'x'));
  EXPECT_EQ(safe_text("key one\nline-of-eight\nshort", {"zz\nline-of-eight\nab"}).text, "key one\n[redacted]\nshort");
}

TEST(actions, an_outcome_is_offered_until_it_is_recorded) {
  Bench bench;
  bench.taken = Taken::again;
  bench.begin(post(bench));
  bench.client.answer(200);
  bench.settle(Duration::seconds(10));
  EXPECT_TRUE(bench.offered.empty());
  bench.taken = Taken::recorded;
  bench.settle(Duration::seconds(2));
  EXPECT_EQ(bench.offered.size(), 1U);
}

RunAction exec(const Bench& bench) {
  return bench.action(ActionKind::exec, {{"argv", PlanValue::List{"restart-it", "--now"}}, {"env", PlanValue::Map{{"A", "b"}}}});
}

TEST(actions, an_exec_is_one_shot_under_its_effect_id) {
  Bench bench;
  bench.begin(exec(bench));
  ASSERT_EQ(bench.keeper.shots.size(), 1U);
  const ports::OneShot& shot = bench.keeper.shots[0];
  EXPECT_EQ(shot.effect_id, std::string(32, 'a'));
  EXPECT_EQ(shot.argv, (std::vector<std::string>{"restart-it", "--now"}));
  EXPECT_EQ(shot.environment.at("WATCHBILL_FENCE"), "7");
  EXPECT_EQ(shot.environment.at("A"), "b");
  EXPECT_EQ(shot.working_directory, bench.data.path);
  EXPECT_EQ(shot.timeout, Duration::seconds(60));
  bench.keeper.end(ports::OneShotEnd::exited, 0, "done\n");
  bench.settle();
  EXPECT_EQ(bench.last<NoteOutcome>().output, "done\n");
  EXPECT_EQ(bench.keeper.settled, std::vector<std::string>{std::string(32, 'a') + ".1"});
}

TEST(actions, the_end_of_an_exec_is_what_its_exit_says) {
  const auto outcome = [](ports::OneShotEnd end, std::int32_t value) {
    ports::OneShotOutcome known;
    known.end = end;
    known.value = value;
    return outcome_of(known);
  };
  EXPECT_TRUE(outcome(ports::OneShotEnd::exited, 75).retryable);
  EXPECT_EQ(outcome(ports::OneShotEnd::exited, 3).reason, "exit 3");
  EXPECT_FALSE(outcome(ports::OneShotEnd::exited, 3).retryable);
  EXPECT_EQ(outcome(ports::OneShotEnd::signalled, 9).reason, "signal 9");
  EXPECT_EQ(outcome(ports::OneShotEnd::timed_out, 15).reason, "timeout");
  EXPECT_EQ(outcome(ports::OneShotEnd::not_executed, ENOENT).reason, "not_executable");
  EXPECT_EQ(outcome(ports::OneShotEnd::unknown, 0).outcome, EffectOutcome::unknown);
  ports::OneShotOutcome stuck;
  stuck.end = ports::OneShotEnd::unkillable;
  stuck.detail = "4711 4712";
  EXPECT_EQ(outcome_of(stuck).outcome, EffectOutcome::unknown) << "it may still do what it was to do";
  EXPECT_EQ(outcome_of(stuck).reason, "unkillable: 4711 4712");
}

TEST(actions, the_end_that_a_cancel_asks_for_reaches_the_keeper_and_the_outcome_comes_from_the_attempt) {
  Bench bench;
  const RunAction action = exec(bench);
  bench.begin(action);
  const EndAction end{action.place, action.effect_id};
  bench.begin(end, "run-1/end/1");
  bench.begin(end, "run-1/end/1");
  EXPECT_EQ(bench.keeper.ending.front(), action.effect_id.text);
  EXPECT_TRUE(bench.offered.empty()) << "nothing is known before it has ended";
  bench.keeper.end(ports::OneShotEnd::signalled, 9);
  bench.settle();
  EXPECT_EQ(bench.offered.size(), 1U);
  EXPECT_EQ(bench.last<NoteOutcome>().reason, "signal 9");
}

TEST(actions, the_exec_of_a_read_is_ended_under_the_id_that_the_keeper_has_for_it) {
  Bench bench;
  RunAction action = exec(bench);
  action.action.capability = Capability::read;
  bench.begin(action);
  bench.begin(EndAction{action.place, action.effect_id}, "run-1/end/1");
  ASSERT_EQ(bench.keeper.shots.size(), 1U);
  EXPECT_EQ(bench.keeper.ending.back(), bench.keeper.shots[0].effect_id);
}

TEST(actions, a_lost_exec_is_asked_of_the_keeper) {
  Bench bench;
  ProbeAction probe = probe_of(exec(bench));
  bench.keeper.known.phase = ports::OneShotPhase::running;
  bench.begin(probe, "run-1/probe/1");
  EXPECT_TRUE(bench.offered.empty());
  bench.keeper.known.phase = ports::OneShotPhase::ended;
  bench.keeper.known.outcome.end = ports::OneShotEnd::exited;
  bench.settle(Duration::seconds(5));
  EXPECT_EQ(bench.last<NoteOutcome>().outcome, EffectOutcome::succeeded);
}

TEST(actions, an_exec_that_the_keeper_it_was_meant_for_never_saw_is_absent) {
  Bench bench;
  ProbeAction probe = probe_of(exec(bench));
  probe.keeper = keeper_name("m1", "b1", 7);
  bench.keeper.known.phase = ports::OneShotPhase::never_seen;
  bench.keeper.known.keeper = keeper_name("m1", "b1", 7);
  bench.begin(probe, "run-1/probe/1");
  EXPECT_EQ(bench.last<NoteProbe>().finding, ProbeFinding::absent);
  EXPECT_EQ(bench.last<NoteProbe>().source, "never_seen");
}

TEST(actions, that_another_keeper_never_saw_an_exec_proves_nothing) {
  for (const std::string& meant :
       {keeper_name("m1", "b1", 6), keeper_name("m1", "b0", 7), keeper_name("m0", "b1", 7), std::string()}) {
    Bench bench;
    ProbeAction probe = probe_of(exec(bench));
    probe.keeper = meant;
    bench.keeper.known.phase = ports::OneShotPhase::never_seen;
    bench.keeper.known.keeper = keeper_name("m1", "b1", 7);
    bench.begin(probe, "run-1/probe/1");
    bench.settle(Duration::seconds(20));
    EXPECT_TRUE(bench.offered.empty()) << "meant for " << meant;
  }
}

TEST(actions, a_lost_call_is_judged_by_the_verify_of_its_step) {
  Bench bench;
  ProbeAction probe = probe_of(post(bench));
  probe.verify.emplace();
  probe.verify->args = {{"query", "drained == 1"}};
  bench.condition_answer.observed = Observed::false_;
  bench.begin(probe, "run-1/probe/1");
  bench.settle(Duration::seconds(20));
  EXPECT_TRUE(bench.offered.empty()) << "false is not absent: half done looks like not done";
  EXPECT_GE(bench.conditions.size(), 4U);
  bench.condition_answer.observed = Observed::true_;
  bench.settle(Duration::seconds(5));
  EXPECT_EQ(bench.last<NoteProbe>().finding, ProbeFinding::done);
  probe.action.idempotent = true;
  bench.condition_answer.observed = Observed::false_;
  bench.begin(probe, "run-1/probe/2");
  EXPECT_EQ(bench.last<NoteProbe>().finding, ProbeFinding::absent);
}

TEST(actions, probing_ends_after_its_time) {
  Bench bench;
  ProbeAction probe = probe_of(post(bench));
  probe.verify.emplace();
  bench.condition_answer.observed = Observed::no_data;
  bench.begin(probe, "run-1/probe/1");
  bench.settle(Duration::seconds(400));
  const std::size_t asked = bench.conditions.size();
  EXPECT_LE(asked, 61U);
  bench.settle(Duration::seconds(400));
  EXPECT_EQ(bench.conditions.size(), asked);
}

AskQuestion question(const Bench& bench) {
  AskQuestion out;
  out.place.run = "run-1";
  out.place.step = "1";
  out.check.args = {{"query", "up == 1"}};
  out.since = bench.loop.now;
  out.until = bench.loop.now + Duration::seconds(10);
  return out;
}

TEST(actions, a_cadence_asks_every_interval_until_its_time_is_over) {
  Bench bench;
  bench.begin(question(bench), "run-1/ask/1");
  bench.begin(question(bench), "run-1/ask/1");  // begun again under the same name
  bench.settle(Duration::seconds(3));
  EXPECT_EQ(bench.offered.size(), 4U);
  EXPECT_EQ(bench.last<NoteAnswer>().previous_at, std::optional(bench.loop.now - Duration::seconds(1)));
  EXPECT_EQ(bench.conditions.front().newer_than, std::optional(bench.loop.now - Duration::seconds(3)));
  bench.settle(Duration::seconds(60));
  EXPECT_LE(bench.offered.size(), 12U);
}

TEST(actions, a_cadence_ends_when_nobody_asks_any_more) {
  Bench bench;
  bench.taken = Taken::refused;
  bench.begin(question(bench), "run-1/ask/1");
  bench.settle(Duration::seconds(5));
  EXPECT_EQ(bench.conditions.size(), 1U);
}

TEST(actions, a_check_with_retries_is_asked_so_often) {
  Bench bench;
  AskQuestion asked = question(bench);
  asked.check.retries = 3;
  asked.check.delay = Duration::seconds(2);
  bench.begin(asked, "run-1/ask/1");
  bench.settle(Duration::seconds(9));
  EXPECT_EQ(bench.offered.size(), 3U);
}

TEST(actions, a_probe_step_connects_and_says_why_not) {
  Bench bench;
  RunAction action = bench.action(ActionKind::tcp, {{"address", "[::1]:5432"}});
  action.action.capability = Capability::probe;
  action.action.target.clear();
  bench.prober.result = {ports::ProbeVerdict::fail, "connection refused", {}};
  bench.begin(action);
  EXPECT_EQ(bench.prober.asked, "::1 5432");
  EXPECT_EQ(bench.last<NoteOutcome>().outcome, EffectOutcome::failed);
  EXPECT_EQ(bench.last<NoteOutcome>().reason, "connection refused");
}

TEST(actions, a_look_asks_verify_once_and_knows_what_the_core_knows) {
  Bench bench;
  PlanAction restart;
  restart.kind = ActionKind::workload;
  restart.args = {{"restart", "web"}};
  LookAction look;
  look.place.run = "run-1";
  look.place.step = "1";
  look.actions = {restart};
  look.known = {{"1", PlanValue::Map{{"incarnation", std::int64_t{4}}, {"state", "running"}}}};
  look.verify.emplace();
  look.verify->args = {{"query", "up == 1"}};
  look.until = bench.loop.now + Duration::seconds(60);
  bench.condition_answer.observed = Observed::false_;
  bench.begin(look, "run-1/look/1");
  const NoteLook& note = bench.last<NoteLook>();
  EXPECT_EQ(note.before, std::optional(Observed::false_));
  EXPECT_EQ(note.former, (PlanValues{{"incarnation", std::int64_t{4}}, {"state", "running"}}));
}

TEST(actions, another_host_needs_its_agent) {
  Bench bench;
  RunAction action = post(bench);
  action.place.host = "db-01";
  bench.begin(action);
  EXPECT_EQ(bench.last<NoteOutcome>().reason, "agent_missing: db-01");
  EXPECT_TRUE(bench.client.calls.empty());
}

TEST(actions, a_disk_that_is_busy_is_tried_again) {
  Bench bench;
  bench.disk_is_busy = true;
  bench.begin(bench.action(ActionKind::file, {{"path", "x"}, {"content", "x"}}));
  EXPECT_TRUE(bench.last<NoteOutcome>().retryable);
}

PlanStep asking_step(StepVerb verb, const std::string& path, PlanValues args) {
  PlanStep step;
  step.verb = verb;
  step.path = path;
  step.actions.emplace_back();
  step.actions.back().kind = ActionKind::query;
  step.actions.back().capability = Capability::probe;
  step.actions.back().args = std::move(args);
  step.timeout = Duration::seconds(10);
  return step;
}

TEST(actions, a_dry_run_asks_what_can_be_asked_before_any_run_and_changes_nothing) {
  Bench bench;
  Plan plan;
  plan.steps.push_back(asking_step(StepVerb::read, "1", {{"query", "up == 1"}}));
  plan.steps.push_back(asking_step(StepVerb::probe, "2", {{"query", LateValue{".Captured.x"}}}));
  plan.steps.push_back(asking_step(StepVerb::probe, "3@db-01", {{"query", "up == 2"}}));
  plan.steps.back().host = "db-01";
  plan.steps.push_back(asking_step(StepVerb::do_, "4", {{"path", "x"}, {"content", "x"}}));
  plan.steps.back().actions.back().kind = ActionKind::file;
  plan.steps.back().verify.emplace();
  plan.steps.back().verify->args = {{"query", "up == 3"}};
  bench.condition_answer = Answer{Observed::false_, "up is 0", {}, {}, false};
  std::vector<DryRunAnswer> answers;
  std::size_t count = 0;
  RunPlace place;
  place.folder = bench.data.path;
  bench.actions->ask_beforehand(plan, place, [&](std::vector<DryRunAnswer> all) {
    answers = std::move(all);
    ++count;
  });
  bench.settle(Duration::seconds(1));
  ASSERT_EQ(count, 1U);
  ASSERT_EQ(answers.size(), 2U) << "a late value and another host are for a run";
  EXPECT_EQ(answers[0].step, "1");
  EXPECT_EQ(answers[0].answer, Observed::false_);
  EXPECT_EQ(answers[0].reason, "up is 0");
  EXPECT_EQ(answers[1].step, "4");
  EXPECT_TRUE(answers[1].verify);
  EXPECT_TRUE(bench.offered.empty());
  EXPECT_FALSE(bench.data.has("x"));
}

TEST(actions, a_dry_run_waits_for_no_answer_longer_than_a_person_does) {
  Bench bench;
  Plan plan;
  for (const char* path : {"1", "2", "3"}) {
    plan.steps.push_back(asking_step(StepVerb::read, path, {{"url", "http://slow/"}}));
    plan.steps.back().actions.back().kind = ActionKind::http;
    plan.steps.back().timeout = Duration::seconds(30);
  }
  std::optional<std::size_t> count;
  bench.actions->ask_beforehand(plan, {}, [&](const std::vector<DryRunAnswer>& all) { count = all.size(); });
  bench.settle(Duration::seconds(15));
  EXPECT_EQ(bench.client.calls.size(), 1U) << "one by one";
  EXPECT_EQ(bench.client.calls[0].timeout, Duration::seconds(20));
  bench.client.answer(200);
  bench.settle();
  ASSERT_EQ(bench.client.calls.size(), 2U);
  EXPECT_EQ(bench.client.calls[1].timeout, Duration::seconds(5));
  bench.settle(Duration::seconds(5));
  bench.client.fail(ports::HttpFailureKind::timed_out_after_sending);
  bench.settle();
  EXPECT_EQ(count, std::optional<std::size_t>(2)) << "the third was not asked";
}

TEST(actions, what_ends_after_the_driver_is_told_to_nobody) {
  Bench bench;
  bench.disk_waits = true;
  bench.begin(bench.action(ActionKind::file, {{"path", "x"}, {"content", "x"}}));
  bench.begin(post(bench));
  bench.restart();
  for (const auto& task : bench.disk_tasks) task();
  bench.settle(Duration::seconds(2));
  EXPECT_TRUE(bench.offered.empty());
  EXPECT_TRUE(bench.data.has("x"));
}

}  // namespace
}  // namespace watchbill::drivers::action
