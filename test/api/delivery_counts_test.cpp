// What became of messages is counted for each kind of channel.
#include <gtest/gtest.h>

#include "api/delivery_counts.h"

namespace watchbill::api {
namespace {

NotificationIntended intended(const std::string& id, const std::string& receiver) {
  NotificationIntended event;
  event.delivery = DeliveryId{id};
  event.receiver = receiver;
  return event;
}

NotificationFailed failed(const std::string& id, bool is_round_over, std::optional<Instant> retry_at) {
  return {1, DeliveryId{id}, "http 500", retry_at, is_round_over};
}

TEST(delivery_counts, tell_kinds_apart) {
  DeliveryCounts counts;
  counts.take(intended("1", "ops/slack[0]"));
  counts.take(intended("2", "a/b[7]/email[1]"));
  counts.take(NotificationSent{1, DeliveryId{"1"}});
  counts.take(NotificationSent{1, DeliveryId{"2"}, "text: no such field; told plainly"});
  EXPECT_EQ(counts.of(IntegrationKind::slack, DeliveryOutcome::sent), 1U);
  EXPECT_EQ(counts.of(IntegrationKind::email, DeliveryOutcome::sent), 1U);
  EXPECT_EQ(counts.template_failures_of(IntegrationKind::email), 1U);
  EXPECT_EQ(counts.template_failures_of(IntegrationKind::slack), 0U);
}

TEST(delivery_counts, a_round_that_failed_counts_once_and_the_next_again) {
  DeliveryCounts counts;
  counts.take(intended("1", "ops/sns[0]"));
  counts.take(failed("1", false, Instant{1}));
  counts.take(failed("1", true, Instant{2}));
  counts.take(failed("1", true, std::nullopt));
  EXPECT_EQ(counts.of(IntegrationKind::sns, DeliveryOutcome::failed), 2U);
}

TEST(delivery_counts, what_is_not_sent_has_an_outcome_too) {
  DeliveryCounts counts;
  NotificationNotSent event;
  event.receiver = "ops/discord[0]";
  event.reason = NotSentReason::muted;
  counts.take(event);
  event.reason = NotSentReason::outbox_full;
  counts.take(event);
  event = {};
  event.reason = NotSentReason::no_route;
  counts.take(event);
  EXPECT_EQ(counts.of(IntegrationKind::discord, DeliveryOutcome::muted), 1U);
  EXPECT_EQ(counts.of(IntegrationKind::webhook, DeliveryOutcome::no_route), 1U);
}

TEST(delivery_counts, messages_from_before_the_start_keep_their_kind) {
  core::route::State state;
  core::route::Delivery owed;
  owed.receiver = "ops/jira[0]";
  state.deliveries.insert("1", owed);
  DeliveryCounts counts;
  counts.know(state);
  counts.take(NotificationSent{3, DeliveryId{"1"}});
  EXPECT_EQ(counts.of(IntegrationKind::jira, DeliveryOutcome::sent), 1U);
}

}  // namespace
}  // namespace watchbill::api
