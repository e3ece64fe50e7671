// The verb `notify`: one delivery for each webhook of the root route's receiver, in the record that intends the step.
#include <gtest/gtest.h>

#include <algorithm>

#include "plan/bench_of_runs.h"

namespace watchbill::core {
namespace {

const std::string run_id = "run-01JD0000000000000000000099";

class notice : public ::testing::Test {
 protected:
  // A bill that routes to `ops` with that many webhooks, and a runbook that tells `receiver`.
  void begin(std::size_t webhooks, const std::string& receiver) {
    Configuration configuration;
    configuration.routing.emplace();
    configuration.routing->routes.emplace_back().receiver = "ops";
    configuration.routing->receivers["ops"].integrations.resize(webhooks);
    configuration.routing->receivers["team"].integrations.resize(webhooks);
    configuration.runbooks.own_host = "web-01";
    ConfiguredStep step;
    step.name = "tell";
    step.verb = StepVerb::notify;
    step.notify_receiver = receiver;
    step.notify_text = "we begin";
    configuration.runbooks.runbooks["story"].steps = {step};
    Command accept = BenchOfRuns::engine_command(AcceptConfig{});
    accept.blobs.push_back(canonical_text(configuration));
    std::get<AcceptConfig>(accept.body).configuration = sha256(accept.blobs.front());
    bench.take(Instant{}, accept);
    events = bench.take(Instant{1000},
                        BenchOfRuns::person_command("ana", StartRun{false, {}, {}, run_id, "story", "0000000000000001"}));
  }
  [[nodiscard]] std::vector<std::string> told() const {
    std::vector<std::string> receivers;
    for (const Event& event : events)
      if (const auto* intended = std::get_if<NotificationIntended>(&event)) receivers.push_back(intended->receiver);
    return receivers;
  }
  [[nodiscard]] std::size_t due_deliveries() const {
    std::size_t count = 0;
    bench.state().route.deliveries.each([&](const std::string&, const route::Delivery& delivery) {
      count += delivery.state == route::DeliveryState::due ? 1 : 0;
      return true;
    });
    return count;
  }

  BenchOfRuns bench;
  std::vector<Event> events;
};

TEST_F(notice, goes_to_every_webhook_of_the_receiver_in_the_record_that_intends_its_step) {
  begin(2, "ops");
  EXPECT_EQ(told(), (std::vector<std::string>{"ops/webhook[0]", "ops/webhook[1]"}));
  EXPECT_EQ(bench.state().plan.runs.find(run_id)->state, plan::RunState::done);
  const auto intended = std::find_if(events.begin(), events.end(), [](const Event& event) {
    return std::holds_alternative<NotificationIntended>(event);
  });
  ASSERT_NE(intended, events.end());
  EXPECT_EQ(std::get<NotificationIntended>(*intended).kind, DeliveryKind::step);
  EXPECT_TRUE(bench.has_blob(std::get<NotificationIntended>(*intended).body)) << "what is sent is stored with it";
  EXPECT_EQ(std::get<NotificationIntended>(*intended).subject, "run " + run_id);
}

TEST_F(notice, goes_to_any_receiver_of_the_bill) {
  begin(2, "team");
  EXPECT_EQ(told(), (std::vector<std::string>{"team/webhook[0]", "team/webhook[1]"})) << "no route leads to it";
}

// Before the record nothing has happened; in it there are the step, its end and what is owed; after it the outbox sends.
TEST_F(notice, is_still_owed_once_and_its_step_done_when_the_controller_dies_after_the_record) {
  begin(1, "ops");
  bench.lose_memory();
  EXPECT_EQ(due_deliveries(), 1U);
  EXPECT_EQ(bench.state().plan.runs.find(run_id)->state, plan::RunState::done);
  bench.take(Instant{2000}, BenchOfRuns::engine_command(StartEpoch{}));
  EXPECT_EQ(due_deliveries(), 1U);
}

TEST_F(notice, to_a_receiver_without_a_webhook_is_owed_under_its_own_name_and_fails_no_plan) {
  begin(1, "dev");
  EXPECT_EQ(told(), std::vector<std::string>{"dev"}) << "it cannot be delivered, and that is told";
  EXPECT_EQ(bench.state().plan.runs.find(run_id)->state, plan::RunState::done);
}

}  // namespace
}  // namespace watchbill::core
