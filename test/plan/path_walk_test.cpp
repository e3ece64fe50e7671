// Every pair of a run's state and a command is an event or a named refusal: test/data/plans/path_walk.txt lists them all.
#include <gtest/gtest.h>

#include <cstdlib>

#include "places.h"
#include "plan/bench_of_runs.h"
#include "plan/fixture_bill.h"

namespace watchbill::core {
namespace {

const std::string run_id = "run-01JD0000000000000000000099";

// Two steps that change a workload, and one that needs a yes between them.
RunbookConfiguration walked_bill() {
  RunbookConfiguration out;
  out.own_host = "web-01";
  const auto changing = [](const std::string& name, OnFailure on_failure) {
    ConfiguredStep step;
    step.name = name;
    step.on_failure = on_failure;
    step.actions.push_back({{{"restart", name}}, false, false, ActionKind::workload});
    step.undo.push_back({{{"stop", name}}, false, false, ActionKind::workload});
    step.verify.emplace();
    step.verify->action = {{{"query", "up == 1"}}, false, false, ActionKind::query};
    return step;
  };
  ConfiguredStep yes;
  yes.name = "yes";
  yes.verb = StepVerb::approve;
  out.runbooks["walk"].steps = {changing("a", OnFailure::rollback), yes, changing("b", OnFailure::hold)};
  out.runbooks["walk"].steps[2].irreversible = "";
  out.bindings["Walk"].mitigation = "walk";
  out.bindings["Walk"].mode = BindingMode::approve;
  out.workload_groups = {{"a", ""}, {"b", ""}};
  return out;
}

class Walk {
 public:
  Walk() { bench_.use_configuration(walked_bill()); }

  void start() { ask(StartRun{false, {}, {}, run_id, "walk", "0000000000000001"}); }
  void wait_for_approval() {
    ConsiderBinding consider;
    consider.alert = "alert-1";
    consider.binding = "Walk";
    consider.run = run_id;
    consider.seed = "0000000000000001";
    tell(consider);
  }
  void hold(const std::string& scope) { ask(SetHold{"looking", false, scope}); }
  void release(const std::string& scope) { ask(ReleaseHold{"looked", scope}); }
  void look(const std::string& step) {
    NoteLook look;
    look.before = Observed::false_;
    look.run = run_id;
    look.step = step;
    tell(look);
  }
  void outcome(EffectOutcome outcome, bool retryable = false) {
    NoteOutcome note;
    note.attempt = run().effect ? run().effect->attempt : 1;
    note.effect_id = run().effect ? run().effect->id : EffectId{"none"};
    note.outcome = outcome;
    note.reason = "exit 1";
    note.retryable = retryable;
    note.run = run_id;
    tell(note);
  }
  void answer(Observed observed) {
    NoteAnswer answer;
    answer.answer = observed;
    answer.run = run_id;
    answer.step = step();
    tell(answer);
  }
  void undo_seen(bool seen) { tell(NoteUndoSeen{run_id, seen, step()}); }
  void probe(ProbeFinding finding) {
    tell(NoteProbe{run().effect ? run().effect->id : EffectId{"none"}, finding, run_id, "observation"});
  }
  void deadline() {
    events_ = bench_.meet_deadlines(std::max(bench_.state().schedule.deadlines.next(), Instant{1}) == Instant::never()
                                        ? Instant{1}
                                        : bench_.state().schedule.deadlines.next());
  }
  void ask(CommandBody body, const std::string& who = "bo") {
    events_ = bench_.take(at(), BenchOfRuns::person_command(who, std::move(body)));
  }
  void tell(CommandBody body) { events_ = bench_.take(at(), BenchOfRuns::engine_command(std::move(body))); }

  [[nodiscard]] const plan::Run& run() const { return *bench_.state().plan.runs.find(run_id); }
  [[nodiscard]] std::string step() const {
    const auto index = plan::present_step(run());
    return index ? plan::plan_of(bench_.state().plan, run()).steps[*index].path : "1";
  }
  // What the last command gave, in one line.
  [[nodiscard]] std::string answer_text() const {
    std::string out;
    if (bench_.refused()) out = "refused " + std::string(word(bench_.refused()->reason));
    for (const Event& event : events_)
      if (!std::holds_alternative<CommandRefused>(event)) out += (out.empty() ? "" : " ") + std::string(type_of(event));
    if (out.empty()) out = "–";
    return out + " → " + std::string(word(run().state));
  }

 private:
  [[nodiscard]] static Instant at() { return Instant{1000}; }

  BenchOfRuns bench_;
  std::vector<Event> events_;
};

using Path = void (*)(Walk&);

const std::vector<std::pair<std::string, Path>> states{
    {"awaiting_approval", [](Walk& walk) { walk.wait_for_approval(); }},
    {"queued",
     [](Walk& walk) {
       walk.hold("workload/a");
       walk.start();
     }},
    {"running, looking", [](Walk& walk) { walk.start(); }},
    {"running, acting",
     [](Walk& walk) {
       walk.start();
       walk.look("1");
     }},
    {"running, paused",
     [](Walk& walk) {
       walk.start();
       walk.look("1");
       walk.outcome(EffectOutcome::failed, true);
     }},
    {"running, verifying",
     [](Walk& walk) {
       walk.start();
       walk.look("1");
       walk.outcome(EffectOutcome::succeeded);
     }},
    {"running, at approve",
     [](Walk& walk) {
       walk.start();
       walk.look("1");
       walk.outcome(EffectOutcome::succeeded);
       walk.answer(Observed::true_);
     }},
    {"compensating, undoing",
     [](Walk& walk) {
       walk.start();
       walk.look("1");
       walk.outcome(EffectOutcome::failed);
     }},
    {"compensating, observing",
     [](Walk& walk) {
       walk.start();
       walk.look("1");
       walk.outcome(EffectOutcome::failed);
       walk.outcome(EffectOutcome::succeeded);
     }},
    {"outcome_unknown",
     [](Walk& walk) {
       walk.start();
       walk.look("1");
       walk.outcome(EffectOutcome::unknown);
     }},
    {"held for hold",
     [](Walk& walk) {
       walk.start();
       walk.hold("all");
       walk.release("all");
     }},
    {"held for step_failed",
     [](Walk& walk) {
       walk.start();
       walk.look("1");
       walk.outcome(EffectOutcome::succeeded);
       walk.answer(Observed::true_);
       walk.ask(GiveApproval{false, walk.run().plan, run_id}, "ana");
       walk.look("3");
       walk.outcome(EffectOutcome::failed);
     }},
    {"held for outcome_unknown",
     [](Walk& walk) {
       walk.start();
       walk.look("1");
       walk.outcome(EffectOutcome::unknown);
       walk.deadline();
     }},
    {"held for undo_failed",
     [](Walk& walk) {
       walk.start();
       walk.look("1");
       walk.outcome(EffectOutcome::failed);
       walk.outcome(EffectOutcome::failed);
     }},
    {"compensated",
     [](Walk& walk) {
       walk.start();
       walk.look("1");
       walk.outcome(EffectOutcome::failed);
       walk.outcome(EffectOutcome::succeeded);
       walk.undo_seen(true);
     }},
    {"aborted",
     [](Walk& walk) {
       walk.start();
       walk.ask(CancelRun{"no", run_id});
     }},
    {"refused",
     [](Walk& walk) {
       walk.wait_for_approval();
       walk.deadline();
     }},
    {"left",
     [](Walk& walk) {
       walk.start();
       walk.look("1");
       walk.outcome(EffectOutcome::unknown);
       walk.ask(ResolveRun{OutcomeAnswer::leave, "seen", run_id, "1"});
     }},
};

const std::vector<std::pair<std::string, Path>> commands{
    {"approve", [](Walk& walk) { walk.ask(GiveApproval{false, walk.run().plan, run_id}, "ana"); }},
    {"approve another plan", [](Walk& walk) { walk.ask(GiveApproval{false, sha256("other"), run_id}, "ana"); }},
    {"reject", [](Walk& walk) { walk.ask(RejectApproval{"no", run_id}, "ana"); }},
    {"withdraw", [](Walk& walk) { walk.ask(WithdrawApproval{run_id}, "ana"); }},
    {"cancel", [](Walk& walk) { walk.ask(CancelRun{"no", run_id}); }},
    {"hold", [](Walk& walk) { walk.hold("all"); }},
    {"resume", [](Walk& walk) { walk.ask(ResumeRun{"mended", run_id}); }},
    {"resume without a reason", [](Walk& walk) { walk.ask(ResumeRun{"", run_id}); }},
    {"resolve done", [](Walk& walk) { walk.ask(ResolveRun{OutcomeAnswer::done, "seen", run_id, walk.step()}); }},
    {"resolve not_done", [](Walk& walk) { walk.ask(ResolveRun{OutcomeAnswer::not_done, "seen", run_id, walk.step()}); }},
    {"resolve leave", [](Walk& walk) { walk.ask(ResolveRun{OutcomeAnswer::leave, "seen", run_id, walk.step()}); }},
    {"resolve another step", [](Walk& walk) { walk.ask(ResolveRun{OutcomeAnswer::done, "seen", run_id, "7"}); }},
    {"looked", [](Walk& walk) { walk.look(walk.step()); }},
    {"succeeded", [](Walk& walk) { walk.outcome(EffectOutcome::succeeded); }},
    {"failed", [](Walk& walk) { walk.outcome(EffectOutcome::failed); }},
    {"failed, retryable", [](Walk& walk) { walk.outcome(EffectOutcome::failed, true); }},
    {"unknown", [](Walk& walk) { walk.outcome(EffectOutcome::unknown); }},
    {"answer true", [](Walk& walk) { walk.answer(Observed::true_); }},
    {"answer false", [](Walk& walk) { walk.answer(Observed::false_); }},
    {"undo seen", [](Walk& walk) { walk.undo_seen(true); }},
    {"undo not seen", [](Walk& walk) { walk.undo_seen(false); }},
    {"probe done", [](Walk& walk) { walk.probe(ProbeFinding::done); }},
    {"probe absent", [](Walk& walk) { walk.probe(ProbeFinding::absent); }},
    {"not needed", [](Walk& walk) { walk.tell(NoteNotNeeded{run_id}); }},
    {"go on", [](Walk& walk) { walk.tell(GoOn{run_id}); }},
    {"new controller", [](Walk& walk) { walk.tell(TakeOverRun{run_id}); }},
    {"same bill", [](Walk& walk) { walk.tell(RecheckPlan{run_id}); }},
};

TEST(path_walk, every_pair_of_state_and_command_is_what_the_golden_says) {
  std::string walked;
  for (const auto& [state, reach] : states) {
    walked += state + "\n";
    for (const auto& [command, give] : commands) {
      Walk walk;
      reach(walk);
      give(walk);
      walked += "  " + command + ": " + walk.answer_text() + "\n";
    }
  }
  const std::filesystem::path path = in_test_data("plans/path_walk.txt");
  if (std::getenv("WB_WRITE_GOLDENS") != nullptr) std::ofstream(path) << walked;
  EXPECT_EQ(walked, read_file(path));
}

}  // namespace
}  // namespace watchbill::core
