// The commands that people are shown: a shell takes what strangers wrote as one word, and each way on is one that is open.
#include "api/run_view.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>

namespace watchbill::api {
namespace {

using core::plan::Run;
using core::plan::RunState;

const std::string id = "run-01JD0000000000000000000099";

std::string command_with(const std::string& value) {
  core::plan::Suggestion suggestion;
  suggestion.runbook = "mark";
  suggestion.parameters["text"] = value;
  return ways_on(suggestion).back().command;
}

// What a shell makes of the command: its words, each with an end mark.
std::string words_of(const std::string& command) {
  const std::string script = testing::TempDir() + "words-of-a-command";
  std::ofstream(script) << "set -- " << command << "\nprintf '%s|' \"$@\"\n";
  std::FILE* shell = ::popen(("bash " + script).c_str(), "r");
  std::string out(4096, '\0');
  out.resize(std::fread(out.data(), 1, out.size(), shell));
  ::pclose(shell);
  return out;
}

TEST(command, has_plain_words_as_they_are) {
  EXPECT_EQ(command_with("web-01.example:80/x@y"), "watchbill run mark --set text=web-01.example:80/x@y");
}

TEST(command, with_words_of_strangers_runs_nothing_of_them) {
  EXPECT_EQ(command_with("a b"), "watchbill run mark --set 'text=a b'");
  EXPECT_EQ(command_with("it's"), R"(watchbill run mark --set 'text=it'\''s')");
  EXPECT_EQ(command_with("a\tb"), R"(watchbill run mark --set $'text=a\x09b')");
  for (const std::string value : {"", "$(reboot)", "`reboot`", "; reboot", "a'; reboot '", "a\n'; reboot", "\\'; reboot\t", "~",
                                  "*", "\x7f", "&", "!!", "ü", "a\\x41\tb"})
    EXPECT_EQ(words_of(command_with(value)), "watchbill|run|mark|--set|text=" + value + "|") << command_with(value);
}

struct OneStep {
  OneStep() {
    plan.steps.emplace_back().path = "1";
    run.steps.resize(1);
  }
  [[nodiscard]] std::string ways() const {
    std::string out;
    for (const WayOn& way : ways_on(id, run, plan))
      out += way.to + ": " + way.command.substr(0, way.command.find(" run-")) + "\n";
    return out;
  }
  Run run;
  Plan plan;
};

TEST(ways_on, are_those_that_the_state_of_a_run_takes) {
  OneStep of;
  of.run.state = RunState::awaiting_approval;
  EXPECT_EQ(of.ways(), "start it: watchbill approve\nrefuse it: watchbill approve\n");
  of.run.state = RunState::outcome_unknown;
  of.run.steps[0].state = core::plan::StepState::unknown;
  EXPECT_EQ(of.ways(), "answer: watchbill run resolve\n");
  of.run.state = RunState::held;
  of.run.held_for = HeldFor::outcome_unknown;
  EXPECT_EQ(of.ways(), "answer: watchbill run resolve\n");
  of.run.held_for = HeldFor::undo_failed;
  of.run.steps[0].state = core::plan::StepState::undo_failed;
  EXPECT_EQ(of.ways(), "go on: watchbill run resume\nanswer: watchbill run resolve\n");
  of.run.held_for = HeldFor::step_failed;
  of.run.steps[0].state = core::plan::StepState::failed;
  EXPECT_EQ(of.ways(), "go on: watchbill run resume\ntake it back: watchbill cancel\n");
  of.run.held_for = HeldFor::hold;
  EXPECT_EQ(of.ways(), "go on: watchbill run resume\ntake it back: watchbill cancel\n");
  for (const RunState state : {RunState::queued, RunState::running, RunState::compensating, RunState::done, RunState::left}) {
    of.run.state = state;
    of.run.held_for.reset();
    EXPECT_EQ(of.ways(), "") << word(state);
  }
}

TEST(ways_on, of_a_run_at_its_own_approve_step_are_yes_and_no) {
  OneStep of;
  of.plan.steps[0].verb = StepVerb::approve;
  of.run.state = RunState::running;
  of.run.steps[0].state = core::plan::StepState::acting;
  EXPECT_EQ(of.ways(), "let it go on: watchbill approve\nrefuse it: watchbill approve\n");
}

TEST(ways_on, of_a_plan_that_cannot_be_taken_back_say_so) {
  OneStep of;
  of.run.state = RunState::awaiting_approval;
  of.plan.steps[0].verb = StepVerb::do_;
  of.plan.steps[0].irreversible = "nobody keeps it";
  EXPECT_NE(ways_on(id, of.run, of.plan).front().command.find(" --accept-irreversible"), std::string::npos);
}

}  // namespace
}  // namespace watchbill::api
