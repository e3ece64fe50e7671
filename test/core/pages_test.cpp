// Pages: what is paged of, when it ends, and that a page which cannot be delivered makes no further one.
#include "core/desk.h"

namespace watchbill::core {
namespace {

constexpr const char* first_webhook = "ops/webhook[0]";
constexpr const char* second_webhook = "ops/webhook[1]";

// A run whose only action failed for good: its runbook says hold.
std::string held_run(Desk& desk) {
  StartRun start;
  start.runbook = "repair";
  desk.ask(start);
  const std::string run = *desk.state.plan.open.begin();
  NoteLook look;
  look.run = run;
  look.step = "1";
  desk.tell(look);
  NoteOutcome outcome;
  outcome.run = run;
  outcome.effect_id = desk.state.plan.runs.find(run)->effect->id;
  outcome.attempt = 1;
  outcome.outcome = EffectOutcome::failed;
  outcome.reason = "exit 1";
  desk.tell(outcome);
  return run;
}

TEST(pages, a_held_run_is_paged_until_a_person_lets_it_go_on) {
  Desk desk;
  const std::string run = held_run(desk);
  const alert::Alert* page = desk.page("RunHeld", "run", run);
  ASSERT_NE(page, nullptr) << "a run that waits for a person is not paged";
  EXPECT_EQ(page->labels.text(),
            "{alertname=\"RunHeld\", run=\"" + run + "\", severity=\"critical\", source=\"watchbill\", unbound=\"built-in\"}");
  EXPECT_EQ(page->annotations.at("summary"), run + " of repair waits for a person: a step failed");
  EXPECT_EQ(page->annotations.at("step"), "1 switch");
  desk.ask(ResumeRun{"repaired", run});
  EXPECT_EQ(desk.page("RunHeld", "run", run), nullptr) << "the run goes on, and the page fires still";
}

TEST(pages, a_held_run_that_is_cancelled_and_taken_back_is_paged_no_more) {
  Desk desk;
  const std::string run = held_run(desk);
  desk.ask(CancelRun{"done by hand", run});
  EXPECT_EQ(desk.state.plan.runs.find(run)->state, plan::RunState::compensating);
  EXPECT_EQ(desk.page("RunHeld", "run", run), nullptr);
}

TEST(pages, a_bill_that_binds_the_page_takes_its_mark_away) {
  Desk desk;
  Configuration configuration = with_two_webhooks();
  configuration.runbooks.bindings["RunHeld"] = configuration.runbooks.bindings["WebDown"];
  configuration.runbooks.bindings["RunHeld"].mode = BindingMode::suggest;
  desk.accept(configuration);
  const std::string run = held_run(desk);
  ASSERT_NE(desk.page("RunHeld", "run", run), nullptr);
  EXPECT_EQ(desk.page("RunHeld", "run", run)->labels.get("unbound"), "");
}

TEST(pages, a_binding_whose_limits_are_used_up_is_paged_until_its_hold_is_released) {
  Desk desk;
  ConsiderBinding consider;
  consider.binding = "WebDown";
  consider.alert = "a";
  desk.tell(consider);
  desk.ask(CancelRun{"not needed", *desk.state.plan.open.begin()});
  consider.alert = "b";
  desk.now = desk.now + Duration::seconds(1);
  desk.tell(consider);
  ASSERT_NE(desk.page("BindingHeld", "alert", "WebDown"), nullptr);
  desk.ask(ReleaseHold{"looked into it", "binding/WebDown"});
  EXPECT_EQ(desk.page("BindingHeld", "alert", "WebDown"), nullptr);
}

TEST(pages, a_message_that_failed_three_times_is_told_of_on_the_other_channel) {
  Desk desk;
  const std::string run = held_run(desk);
  desk.pass(Duration::seconds(30));
  desk.answer(second_webhook, DeliveryAnswer::accepted);
  desk.answer(first_webhook, DeliveryAnswer::retryable);
  desk.answer(first_webhook, DeliveryAnswer::retryable);
  EXPECT_EQ(desk.page("NotificationUndelivered", "channel", first_webhook), nullptr) << "two failures are no page yet";
  desk.answer(first_webhook, DeliveryAnswer::retryable);
  const alert::Alert* page = desk.page("NotificationUndelivered", "channel", first_webhook);
  ASSERT_NE(page, nullptr);
  EXPECT_EQ(page->annotations.at("summary"), "messages to ops/webhook[0] do not arrive: http 503");
  EXPECT_EQ(page->annotations.at("about"), "alerts {alertname=\"RunHeld\"}");
  desk.pass(Duration::seconds(30));
  EXPECT_TRUE(desk.owed(second_webhook)) << "the channel that works is told";
}

TEST(pages, a_page_that_cannot_be_delivered_pages_no_further) {
  Desk desk;
  held_run(desk);
  for (int flush = 0; flush < 20; ++flush) {
    desk.pass(Duration::minutes(6));
    for (const char* webhook : {first_webhook, second_webhook})
      while (desk.owed(webhook)) desk.answer(webhook, DeliveryAnswer::final, "http 404");
  }
  EXPECT_EQ(desk.firing_count(), 3U) << "the held run and the two channels, however long it lasts";
}

TEST(pages, a_channel_that_takes_messages_again_is_paged_no_more) {
  Desk desk;
  const std::string run = held_run(desk);
  desk.pass(Duration::seconds(30));
  desk.answer(first_webhook, DeliveryAnswer::final, "http 413");
  desk.answer(second_webhook, DeliveryAnswer::accepted);
  ASSERT_NE(desk.page("NotificationUndelivered", "channel", first_webhook), nullptr);
  desk.pass(Duration::seconds(30));
  desk.answer(first_webhook, DeliveryAnswer::accepted);
  EXPECT_NE(desk.page("NotificationUndelivered", "channel", first_webhook), nullptr)
      << "it took this message, yet the other one is still undelivered";
  desk.answer(second_webhook, DeliveryAnswer::accepted);
  desk.pass(Duration::minutes(6));
  while (desk.owed(first_webhook)) desk.answer(first_webhook, DeliveryAnswer::accepted);
  EXPECT_EQ(desk.page("NotificationUndelivered", "channel", first_webhook), nullptr);
}

TEST(pages, a_channel_that_the_bill_has_no_more_is_paged_no_more) {
  Desk desk;
  held_run(desk);
  desk.pass(Duration::seconds(30));
  desk.answer(second_webhook, DeliveryAnswer::final, "http 404");
  ASSERT_NE(desk.page("NotificationUndelivered", "channel", second_webhook), nullptr);
  Configuration configuration = with_two_webhooks();
  configuration.routing->receivers["ops"].integrations.resize(1);
  desk.accept(configuration);
  EXPECT_EQ(desk.page("NotificationUndelivered", "channel", second_webhook), nullptr);
}

// --- bills that are refused ---

RejectConfig wrong_bill(const std::string& bytes) {
  RejectConfig reject;
  reject.errors = 2;
  reject.files = sha256(bytes);
  reject.findings.push_back({"unknown_key", 5, "watchbill.yaml", 12, "workloads.web.restrat"});
  return reject;
}

TEST(bill, a_refused_one_is_recorded_once_and_forgotten_with_the_next_that_is_taken) {
  Desk desk;
  const Actor admin{ActorKind::caller, "ana", {"admin"}};
  EXPECT_EQ(desk.tell(wrong_bill("a"), {}, admin).events.size(), 1U);
  ASSERT_TRUE(desk.state.progress.rejected);
  EXPECT_EQ(desk.state.progress.rejected->first.path, "workloads.web.restrat");
  EXPECT_TRUE(desk.tell(wrong_bill("a"), {}, admin).events.empty()) << "the same files again are no news";
  EXPECT_EQ(desk.tell(wrong_bill("b"), {}, admin).events.size(), 1U);
  desk.accept(with_two_webhooks());
  EXPECT_FALSE(desk.state.progress.rejected) << "the bill that holds was read again";
}

TEST(bill, nobody_but_an_admin_has_one_refused) {
  Desk desk;
  const Processed done = desk.ask(wrong_bill("a"));
  ASSERT_TRUE(done.answer.refused);
  EXPECT_EQ(done.answer.refused->reason, Refusal::role_missing);
}

}  // namespace
}  // namespace watchbill::core
