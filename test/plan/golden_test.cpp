// The goldens of cadences, bindings and identities.
#include <gtest/gtest.h>

#include "places.h"
#include "plan/bench_of_runs.h"
#include "core/plan/cadence.h"
#include "core/plan/identity.h"
#include "core/plan/resolution.h"
#include "plan/fixture_bill.h"

namespace watchbill::core {
namespace {

TEST(identity_golden, bytes_digests_ids_and_delays_are_those_of_the_golden) {
  const JsonValue cases = golden("identity.json");
  std::size_t checked = 0;
  for (const JsonValue& one : *cases.find("cases")->as_array()) {
    if (const JsonValue* plans = one.find("plans"))
      for (const JsonValue& each : *plans->as_array()) {
        const std::string canonical = text(each, "canonical");
        const std::optional<Plan> plan = read_plan(canonical, Limits{});
        ASSERT_TRUE(plan) << text(each, "name");
        EXPECT_EQ(plan_bytes(*plan), canonical);
        EXPECT_EQ(plan_digest_text(sha256(plan_bytes(*plan))), text(each, "digest"));
        ++checked;
      }
    if (const JsonValue* ids = one.find("ids"))
      for (const JsonValue& each : *ids->as_array()) {
        const std::string run = text(each, "run"), path = text(each, "path"), direction = text(each, "direction"),
                          group = text(each, "group");
        EXPECT_EQ(plan::effect_id({run, path, direction, group}).text, text(each, "expected"));
        ++checked;
      }
    if (const JsonValue* delays = one.find("delays"))
      for (const JsonValue& each : *delays->as_array()) {
        const JsonValue& retry = *each.find("retry");
        RetryPolicy policy;
        policy.attempts = static_cast<std::uint32_t>(integer(retry, "attempts"));
        policy.factor = static_cast<std::uint32_t>(integer(retry, "factor"));
        policy.initial = Duration{integer(retry, "initial_ms")};
        policy.jitter = Duration{integer(retry, "jitter_ms")};
        policy.max = Duration{integer(retry, "max_ms")};
        EXPECT_EQ(plan::retry_delay(policy, text(each, "seed"), EffectId{text(each, "effect_id")},
                                    static_cast<std::uint32_t>(integer(each, "attempt")))
                      .ms,
                  integer(each, "expected_ms"));
        ++checked;
      }
  }
  EXPECT_EQ(checked, 3U + 5U + 11U);
}

TEST(identity_golden, the_first_plan_is_what_its_runbook_resolves_to) {
  const JsonValue cases = golden("identity.json");
  const JsonValue& first = (*(*cases.find("cases")->as_array())[0].find("plans")->as_array())[0];
  RunbookConfiguration configuration;
  configuration.own_host = "web-01";
  ConfiguredRunbook& runbook = configuration.runbooks["restart-web"];
  runbook.parameters["workload"].required = true;
  ConfiguredStep& step = runbook.steps.emplace_back();
  step.name = "restart";
  step.actions.push_back({{{"restart", "{{ .Params.workload }}"}}, false, false, ActionKind::workload});
  step.undo.push_back({{{"stop", "{{ .Params.workload }}"}}, false, false, ActionKind::workload});
  step.verify.emplace();
  step.verify->action = {{{"query", "probe_success{job=\"web\"} == 1"}}, false, false, ActionKind::query};
  step.verify->for_ = Duration::seconds(3);
  step.verify->within = Duration::seconds(30);
  const auto plan = plan::resolve(configuration, {"restart-web", {{"workload", "web"}}, {}, false}, Limits{});
  ASSERT_TRUE(plan) << plan.error().message;
  EXPECT_EQ(plan_bytes(*plan), text(first, "canonical"));
}

TEST(cadence_golden, every_verdict_is_that_of_the_golden) {
  const JsonValue cases = golden("cadence.json");
  for (const JsonValue& one : *cases.find("cases")->as_array()) {
    SCOPED_TRACE(text(one, "name"));
    const JsonValue& verify = *one.find("verify");
    PlanCheck check;
    check.for_ = Duration{integer(verify, "for_ms")};
    check.interval = Duration{integer(verify, "interval_ms")};
    check.within = Duration{integer(verify, "within_ms")};
    plan::Watch watch;
    std::optional<Instant> previous;
    std::string verdict = "waiting";
    std::int64_t at_ms = -1;
    for (const JsonValue& each : *one.find("answers")->as_array()) {
      const Instant at{integer(each, "at_ms")};
      const Observed observed = *from_word<Observed>(text(each, "answer"));
      const plan::CadenceStep step = plan::take_answer(check, watch, {at, observed, previous});
      if (step.is_new) {
        watch.answer = observed;
        watch.answer_since = at;
      }
      previous = at;
      if (!step.verdict) continue;
      verdict = std::string(word(*step.verdict));
      at_ms = at.ms;
      if (*step.verdict != Verdict::pass) {
        EXPECT_EQ(plan::reason_of(*step.verdict), text(*one.find("expected"), "reason"));
      }
      break;
    }
    EXPECT_EQ(verdict, text(*one.find("expected"), "verdict"));
    if (verdict != "waiting") {
      EXPECT_EQ(at_ms, integer(*one.find("expected"), "at_ms"));
    }
  }
}

// One binding whose mitigation changes the workload that the alert names.
RunbookConfiguration binding_bill(const JsonValue& one) {
  const JsonValue& limits = *one.find("limits");
  RunbookConfiguration out;
  out.own_host = "web-01";
  ConfiguredRunbook& runbook = out.runbooks["restart"];
  runbook.parameters["workload"].required = true;
  ConfiguredStep& step = runbook.steps.emplace_back();
  step.name = "restart";
  step.actions.push_back({{{"restart", "{{ .Params.workload }}"}}, false, false, ActionKind::workload});
  step.undo.push_back({{{"stop", "{{ .Params.workload }}"}}, false, false, ActionKind::workload});
  step.verify.emplace();
  step.verify->action = {{{"query", "up == 1"}}, false, false, ActionKind::query};
  ConfiguredBinding& binding = out.bindings["WebDown"];
  binding.mitigation = "restart";
  binding.mode = BindingMode::auto_;
  binding.limits.cooldown = Duration{integer(limits, "cooldown_ms")};
  binding.limits.runs = static_cast<std::uint32_t>(integer(limits, "runs"));
  binding.limits.window = Duration{integer(limits, "window_ms")};
  binding.limits.target_share_millionths = static_cast<std::uint32_t>(integer(limits, "share_millionths"));
  for (std::int64_t i = 0; i < integer(one, "population"); ++i)
    out.workload_groups[std::string(1, static_cast<char>('a' + i))] = "";
  return out;
}

struct BindingStory {
  BenchOfRuns bench;
  std::vector<std::string> runs;  // numbered from 1 in goldens

  [[nodiscard]] std::int64_t number_of(const std::string& run) const {
    return std::find(runs.begin(), runs.end(), run) - runs.begin() + 1;
  }
  // The open run on a target ends well: looked at, done, verified.
  void end_run(Instant at, const std::string& target) {
    const std::string run = bench.state().lease.targets.find(target)->run;
    NoteLook look;
    look.run = run;
    look.step = "1";
    bench.take(at, BenchOfRuns::engine_command(look));
    NoteOutcome outcome;
    outcome.run = run;
    outcome.attempt = 1;
    outcome.effect_id = bench.state().plan.runs.find(run)->effect->id;
    outcome.outcome = EffectOutcome::succeeded;
    bench.take(at, BenchOfRuns::engine_command(outcome));
    NoteAnswer answer;
    answer.answer = Observed::true_;
    answer.run = run;
    answer.step = "1";
    bench.take(at, BenchOfRuns::engine_command(answer));
    EXPECT_EQ(bench.state().plan.runs.find(run)->state, plan::RunState::done);
  }
};

// What the golden calls the answer to one alert.
std::map<std::string, std::string> answer_to_alert(BindingStory& story, Instant at, const std::string& target) {
  ConsiderBinding consider;
  consider.alert = "alert-" + std::to_string(at.ms);
  consider.binding = "WebDown";
  consider.labels.set("workload", target.substr(target.find('/') + 1));
  std::map<std::string, std::string> out;
  for (const Event& event : story.bench.take(at, BenchOfRuns::engine_command(consider))) {
    if (const auto* started = std::get_if<PlanStarted>(&event)) {
      story.runs.push_back(started->run);
      out["started"] = std::to_string(story.runs.size());
    }
    if (const auto* triggered = std::get_if<BindingTriggered>(&event); triggered && !triggered->joined.empty())
      out["joined"] = std::to_string(story.number_of(triggered->joined));
    if (const auto* refused = std::get_if<BindingRefused>(&event)) {
      out["refused"] = std::string(word(refused->reason));
      if (refused->pages) out["page"] = "1";
    }
    if (const auto* hold = std::get_if<HoldSet>(&event)) out["hold_set"] = hold->scope;
  }
  return out;
}

TEST(binding_golden, every_alert_is_answered_as_the_golden_says) {
  const JsonValue cases = golden("binding-limits.json");
  for (const JsonValue& one : *cases.find("cases")->as_array()) {
    SCOPED_TRACE(text(one, "name"));
    BindingStory story;
    story.bench.use_configuration(binding_bill(one));
    const auto& expected = *one.find("expected")->as_array();
    for (std::size_t i = 0; i < expected.size(); ++i) {
      const JsonValue& entry = (*one.find("input")->as_array())[i];
      const Instant at{integer(entry, "at_ms")};
      std::map<std::string, std::string> given, wanted;
      for (const auto& [key, value] : *expected[i].as_object())
        wanted[key] = value.as_string() ? *value.as_string() : std::to_string(*value.as_integer());
      if (entry.find("fires")) given = answer_to_alert(story, at, text(entry, "fires"));
      if (entry.find("run_ended")) {
        const std::string target = text(entry, "run_ended");
        given["ended"] = std::to_string(story.number_of(story.bench.state().lease.targets.find(target)->run));
        story.end_run(at, target);
      }
      if (entry.find("release")) {
        for (const Event& event :
             story.bench.take(at, BenchOfRuns::person_command("bo", ReleaseHold{"looked", "binding/WebDown"})))
          if (const auto* released = std::get_if<HoldReleased>(&event)) given["released"] = released->scope;
      }
      EXPECT_EQ(given, wanted) << "entry " << i;
    }
  }
}

TEST(goldens, are_those_of_the_specification) {
  const std::filesystem::path shared = in_source("../shared/fixtures/plans");
  if (!std::filesystem::exists(shared)) GTEST_SKIP() << "there is no " << shared;
  for (const auto& entry : std::filesystem::directory_iterator(in_test_data("plans")))
    if (entry.path().extension() == ".json" && std::filesystem::exists(shared / entry.path().filename())) {
      EXPECT_EQ(read_file(entry.path()), read_file(shared / entry.path().filename())) << entry.path().filename();
    }
}

}  // namespace
}  // namespace watchbill::core
