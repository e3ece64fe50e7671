// What state keeps for people alone: refused bindings and suggested plans, until there is nothing to do about them.
#include "core/desk.h"

namespace watchbill::core {
namespace {

Configuration with_mode(BindingMode mode) {
  Configuration configuration = with_two_webhooks();
  configuration.runbooks.bindings["WebDown"].mode = mode;
  configuration.runbooks.runbooks["repair"].parameters["zone"].default_ = "north";
  return configuration;
}

void consider(Desk& desk, const std::string& alert) {
  ConsiderBinding consider;
  consider.alert = alert;
  consider.binding = "WebDown";
  desk.tell(consider);
}

void fire(Desk& desk, const std::string& subject) { desk.tell(RaiseAlert{{}, true, "WebDown", subject, "zone"}); }
void resolve(Desk& desk, const std::string& subject) { desk.tell(ClearAlert{"WebDown", subject, "zone"}); }

std::vector<std::string> refused(const Desk& desk) {
  std::vector<std::string> out;
  desk.state.binding.refusals.each([&](const std::string& binding, const binding::Refusals& refusals) {
    for (const binding::AlertRefusal& each : refusals.last)
      out.push_back(binding + " " + each.alert + " " + std::string(word(each.reason)) + " x" + std::to_string(each.count));
    return true;
  });
  return out;
}

std::vector<std::string> suggested(const Desk& desk) {
  std::vector<std::string> out;
  desk.state.plan.suggestions.each([&](const std::string&, const plan::Suggestion& each) {
    out.push_back(each.runbook + " zone=" + each.parameters.at("zone") + " for " + each.binding);
    return true;
  });
  return out;
}

using Texts = std::vector<std::string>;

// --- refusals ---

TEST(refusals, of_an_alert_are_kept_with_their_reason_until_it_gets_its_run) {
  Desk desk;
  desk.ask(SetHold{"looking", false, "binding/WebDown"});
  consider(desk, "a");
  desk.now = desk.now + Duration::seconds(5);
  consider(desk, "a");
  consider(desk, "b");
  EXPECT_EQ(refused(desk), (Texts{"WebDown a hold_active x2", "WebDown b hold_active x1"}));
  EXPECT_EQ(desk.state.binding.refusals.find("WebDown")->last.front().at, desk.now) << "the last of the two";
  desk.ask(ReleaseHold{"looked", "binding/WebDown"});
  consider(desk, "a");
  EXPECT_EQ(desk.state.plan.open.size(), 1U);
  EXPECT_EQ(refused(desk), Texts{"WebDown b hold_active x1"});
  consider(desk, "b");
  EXPECT_EQ(refused(desk), Texts{}) << "it joined the run of the other";
}

TEST(refusals, for_another_reason_are_counted_anew) {
  Desk desk;
  consider(desk, "a");
  desk.ask(CancelRun{"not needed", *desk.state.plan.open.begin()});
  desk.now = desk.now + Duration::seconds(1);
  consider(desk, "b");
  EXPECT_EQ(refused(desk), Texts{"WebDown b cooldown_active x1"});
  consider(desk, "b");
  EXPECT_EQ(refused(desk), Texts{"WebDown b hold_active x1"}) << "limits hold a binding whose means are used up";
}

TEST(refusals, of_a_storm_are_the_last_ones) {
  Desk desk;
  desk.limits.refusals_per_binding_max = 2;
  desk.ask(SetHold{"looking", false, "all"});
  for (const char* alert : {"a", "b", "c"}) consider(desk, alert);
  EXPECT_EQ(refused(desk), (Texts{"WebDown b hold_active x1", "WebDown c hold_active x1"}));
}

TEST(refusals, of_a_binding_that_the_bill_has_no_more_are_forgotten) {
  Desk desk;
  desk.ask(SetHold{"looking", false, "all"});
  consider(desk, "a");
  ASSERT_EQ(refused(desk).size(), 1U);
  Configuration configuration = with_two_webhooks();
  configuration.runbooks.bindings.erase("WebDown");
  desk.accept(configuration);
  EXPECT_EQ(refused(desk), Texts{});
}

// --- suggestions ---

TEST(suggestions, are_kept_until_their_alert_ends) {
  Desk desk;
  desk.accept(with_mode(BindingMode::suggest));
  fire(desk, "south");
  EXPECT_EQ(suggested(desk), Texts{"repair zone=south for WebDown"});
  EXPECT_TRUE(desk.state.plan.runs.empty()) << "a suggestion is no run";
  resolve(desk, "south");
  EXPECT_EQ(suggested(desk), Texts{});
}

TEST(suggestions, are_taken_by_a_run_of_their_plan_and_by_no_other) {
  Desk desk;
  desk.accept(with_mode(BindingMode::suggest));
  fire(desk, "south");
  StartRun start;
  start.runbook = "repair";
  desk.ask(start);
  ASSERT_EQ(desk.state.plan.runs.size(), 1U);
  EXPECT_EQ(suggested(desk).size(), 1U) << "that was for the zone north";
  start.parameters["zone"] = "south";
  desk.ask(start);
  EXPECT_EQ(suggested(desk), Texts{});
}

// domain/plans.md §6: whoever may post without a name must not make anything act.
TEST(suggestions, are_all_that_an_alert_that_was_posted_without_a_token_gets) {
  Desk desk;
  desk.accept(with_mode(BindingMode::auto_));
  OutsideAlert alert;
  alert.labels = Labels({{"alertname", "WebDown"}, {"host", "a"}});
  alert.starts_at = desk.now;
  desk.tell(NoteAlerts{{alert}}, {}, Actor{ActorKind::caller, std::string(anonymous_actor), {"viewer"}});
  EXPECT_TRUE(desk.state.plan.runs.empty());
  ASSERT_EQ(suggested(desk).size(), 1U);
  alert.labels = Labels({{"alertname", "WebDown"}, {"host", "b"}});
  desk.ask(NoteAlerts{{alert}});
  EXPECT_EQ(desk.state.plan.runs.size(), 1U) << "the binding is as it was";
}

TEST(suggestions, of_one_alert_are_one) {
  Desk desk;
  desk.accept(with_mode(BindingMode::suggest));
  consider(desk, "a");
  desk.now = desk.now + Duration::seconds(1);
  consider(desk, "a");
  EXPECT_EQ(suggested(desk).size(), 1U);
  consider(desk, "b");
  EXPECT_EQ(suggested(desk).size(), 2U) << "the same plan, and another alert may end first";
}

TEST(suggestions, are_the_last_ones) {
  Desk desk;
  desk.limits.suggestions_max = 2;
  desk.accept(with_mode(BindingMode::suggest));
  for (const char* zone : {"east", "south", "west"}) {
    fire(desk, zone);
    desk.now = desk.now + Duration::seconds(1);
  }
  EXPECT_EQ(suggested(desk), (Texts{"repair zone=south for WebDown", "repair zone=west for WebDown"}));
}

TEST(suggestions, leave_with_the_binding_that_made_them) {
  Desk desk;
  Configuration configuration = with_mode(BindingMode::suggest);
  desk.accept(configuration);
  fire(desk, "south");
  configuration.runbooks.runbooks["other"] = configuration.runbooks.runbooks["repair"];
  desk.accept(configuration);
  EXPECT_EQ(suggested(desk).size(), 1U) << "the binding is as it was";
  configuration.runbooks.bindings["WebDown"].mitigation = "other";
  desk.accept(configuration);
  EXPECT_EQ(suggested(desk), Texts{});
}

TEST(attention, is_in_snapshots_and_digests) {
  Desk desk;
  const Digest before = digest_of(desk.state);
  desk.accept(with_mode(BindingMode::suggest));
  fire(desk, "south");
  desk.ask(SetHold{"looking", false, "all"});
  consider(desk, "a");
  std::string text;
  write_snapshot(desk.state, text);
  Result<State> read = read_snapshot(text, desk.limits);
  ASSERT_TRUE(read) << read.error().text();
  EXPECT_EQ(read->plan.suggestions.size(), 1U);
  EXPECT_EQ(read->binding.refusals.size(), 1U);
  EXPECT_EQ(digest_of(*read), digest_of(desk.state));
  EXPECT_NE(digest_of(desk.state), before);
}

}  // namespace
}  // namespace watchbill::core
