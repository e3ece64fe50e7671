// Alerts that are told together: when a group is told, of what, and what a failed delivery means.
#include <gtest/gtest.h>

#include "route/audience.h"

namespace watchbill::core::route {
namespace {

TEST(groups, a_new_group_waits_group_wait_and_tells_all_that_came_meanwhile) {
  Audience ops;
  ops.fire("Down", "a");
  ops.wait(wait_time - Duration{1});
  EXPECT_EQ(ops.on_its_way(), "");
  ops.fire("Down", "b");
  ops.wait(Duration{1});
  EXPECT_EQ(ops.on_its_way(), "ops/webhook[0] firing a b");
}

TEST(groups, alerts_that_differ_in_group_by_are_told_apart) {
  Audience ops;
  ops.fire("Down", "a");
  ops.fire("Slow", "a");
  ops.wait(wait_time);
  EXPECT_EQ(ops.on_its_way(), "ops/webhook[0] firing a; ops/webhook[0] firing a");
  Audience all(routing_by({}));
  all.fire("Down", "a");
  all.fire("Slow", "b");
  all.wait(wait_time);
  EXPECT_EQ(all.on_its_way(), "ops/webhook[0] firing a b");
  Audience each(routing_by({"..."}));
  each.fire("Down", "a");
  each.fire("Down", "b");
  each.wait(wait_time);
  EXPECT_EQ(each.on_its_way(), "ops/webhook[0] firing a; ops/webhook[0] firing b");
}

TEST(groups, news_waits_for_the_next_whole_interval_after_the_last_flush) {
  Audience ops;
  ops.fire("Down", "a");
  ops.wait(wait_time);
  ops.deliver();
  ops.wait(interval + Duration::seconds(1));  // a tick with nothing to say passes
  ops.fire("Down", "b");
  ops.end("Down", "a");
  ops.wait(interval - Duration::seconds(2));
  EXPECT_EQ(ops.on_its_way(), "");
  ops.wait(Duration::seconds(1));
  EXPECT_EQ(ops.on_its_way(), "ops/webhook[0] firing a- b");
  ops.deliver();
  ops.end("Down", "b");
  ops.wait(interval);
  EXPECT_EQ(ops.on_its_way(), "ops/webhook[0] resolved b-");
  ops.deliver();
  EXPECT_TRUE(ops.state().route.groups.empty()) << "nothing is left to tell";
  EXPECT_TRUE(ops.state().route.alerts.empty());
}

TEST(groups, the_same_is_told_again_after_repeat_interval) {
  Audience ops;
  ops.fire("Down", "a");
  ops.wait(wait_time);
  ops.deliver();
  ops.wait(repeat);
  EXPECT_EQ(ops.on_its_way(), "") << "at the first tick behind it, as Alertmanager does";
  ops.wait(interval);
  EXPECT_EQ(ops.on_its_way(), "ops/webhook[0] firing a");
  EXPECT_EQ(ops.not_sent(), "");
}

TEST(groups, a_failed_delivery_tells_nobody_and_is_news_for_the_next_flush) {
  Audience ops;
  ops.fire("Down", "a");
  ops.wait(wait_time);
  ops.deliver(DeliveryAnswer::final);
  ops.wait(interval);
  EXPECT_EQ(ops.on_its_way(), "ops/webhook[0] firing a");
  ops.end("Down", "a");
  ops.deliver(DeliveryAnswer::final);
  ops.wait(interval);
  EXPECT_EQ(ops.on_its_way(), "ops/webhook[0] resolved a-") << "the message may have arrived, its answer been lost";
}

TEST(groups, an_end_is_owed_until_it_is_accepted) {
  Audience ops;
  ops.fire("Down", "a");
  ops.wait(wait_time);
  ops.deliver();
  ops.end("Down", "a");
  ops.wait(interval);
  ops.deliver(DeliveryAnswer::final);
  ops.wait(interval);
  EXPECT_EQ(ops.on_its_way(), "ops/webhook[0] resolved a-");
}

TEST(groups, what_changes_while_a_message_is_on_its_way_is_told_in_the_next) {
  Audience ops;
  ops.fire("Down", "a");
  ops.wait(wait_time);
  ops.end("Down", "a");
  ops.wait(interval * 3);
  EXPECT_EQ(ops.on_its_way(), "ops/webhook[0] firing a") << "one message of a group at a time";
  ops.deliver();
  ops.wait(interval);
  EXPECT_EQ(ops.on_its_way(), "ops/webhook[0] resolved a-");
}

TEST(groups, what_comes_and_goes_between_two_flushes_is_named) {
  Audience ops;
  ops.fire("Down", "a");
  ops.end("Down", "a");
  ops.wait(wait_time);
  EXPECT_EQ(ops.on_its_way(), "");
  EXPECT_EQ(ops.not_sent(), "resolved_before_group_wait:1");
  ops.fire("Down", "b");
  ops.wait(wait_time);
  ops.deliver();
  ops.end("Down", "b");
  ops.fire("Down", "b");
  ops.wait(interval);
  EXPECT_EQ(ops.not_sent(), "not_repeated:1");
}

TEST(groups, without_a_route_or_a_webhook_the_reason_is_named_once) {
  Audience nobody(std::nullopt);
  nobody.fire("Down", "a");
  nobody.wait(repeat * 10);
  EXPECT_EQ(nobody.not_sent(), "no_route:1");
  RoutingConfiguration silent = routing_by({"alertname"});
  silent.receivers["ops"].integrations.clear();
  Audience mute(silent);
  mute.fire("Down", "a");
  mute.wait(repeat * 10);
  EXPECT_EQ(mute.not_sent(), "no_route:1");
}

TEST(groups, send_resolved_false_tells_no_ends) {
  RoutingConfiguration routing = routing_by({"alertname"});
  routing.receivers["ops"].integrations.front().resolved = ResolvedNotice::omitted;
  Audience ops(routing);
  ops.fire("Down", "a");
  ops.wait(wait_time);
  ops.deliver();
  ops.end("Down", "a");
  ops.wait(interval);
  EXPECT_EQ(ops.on_its_way(), "");
  EXPECT_EQ(ops.not_sent(), "resolved_omitted:1");
  EXPECT_TRUE(ops.state().route.groups.empty());
}

TEST(groups, each_webhook_of_a_receiver_has_its_own_memory) {
  RoutingConfiguration routing = routing_by({"alertname"});
  routing.receivers["ops"].integrations.push_back(routing.receivers["ops"].integrations.front());
  Audience ops(routing);
  ops.fire("Down", "a");
  ops.wait(wait_time);
  EXPECT_NE(ops.on_its_way().find("ops/webhook[1] firing a"), std::string::npos);
  EXPECT_NE(ops.on_its_way().find("ops/webhook[0] firing a"), std::string::npos);
}

TEST(groups, a_full_outbox_is_named_and_tried_again) {
  Audience ops;
  ops.limits.deliveries_max = 1;
  ops.fire("Down", "a");
  ops.fire("Slow", "a");
  ops.wait(wait_time);
  EXPECT_EQ(ops.on_its_way(), "ops/webhook[0] firing a");
  EXPECT_EQ(ops.not_sent(), "outbox_full:1");
  ops.deliver();
  ops.wait(interval);
  EXPECT_EQ(ops.on_its_way(), "ops/webhook[0] firing a") << "those that ended take no place";
}

TEST(reload, another_grouping_repeats_nothing_and_forgets_no_end) {
  Audience ops;
  ops.fire("Down", "a");
  ops.fire("Down", "b");
  ops.wait(wait_time);
  ops.deliver();
  ops.end("Down", "b");
  ops.configure(routing_by({"instance"}));
  ops.wait(interval);
  EXPECT_EQ(ops.on_its_way(), "ops/webhook[0] resolved b-");
  ops.deliver();
  ops.wait(repeat + interval);
  EXPECT_EQ(ops.on_its_way(), "ops/webhook[0] firing a");
}

TEST(reload, another_receiver_hears_of_what_fires_now) {
  Audience ops;
  ops.fire("Down", "a");
  ops.fire("Down", "b");
  ops.wait(wait_time);
  ops.deliver();
  ops.end("Down", "b");
  RoutingConfiguration other = routing_by({"alertname"});
  other.routes.front().receiver = "team";
  other.receivers["team"] = other.receivers["ops"];
  ops.configure(other);
  ops.wait(wait_time);
  EXPECT_EQ(ops.on_its_way(), "team/webhook[0] firing a");
}

TEST(reload, routing_that_comes_later_tells_what_fires_already) {
  Audience ops(std::nullopt);
  ops.fire("Down", "a");
  ops.wait(wait_time);
  ops.configure(routing_by({"alertname"}));
  ops.wait(wait_time);
  EXPECT_EQ(ops.on_its_way(), "ops/webhook[0] firing a");
}

TEST(reload, the_outcome_for_a_group_that_is_gone_is_passed_over) {
  Audience ops;
  ops.fire("Down", "a");
  ops.wait(wait_time);
  ops.configure(routing_by({"instance"}));
  EXPECT_EQ(ops.on_its_way(), "") << "what the old group would say, the new one does";
  ops.wait(wait_time);
  EXPECT_EQ(ops.on_its_way(), "ops/webhook[0] firing a") << "in doubt twice";
}

TEST(reload, the_end_of_what_was_on_its_way_is_told) {
  Audience ops;
  ops.fire("Down", "a");
  ops.wait(wait_time);
  ops.end("Down", "a");
  ops.configure(routing_by({"instance"}));
  ops.deliver();
  ops.wait(interval);
  EXPECT_EQ(ops.on_its_way(), "ops/webhook[0] resolved a-") << "the message arrived, though its group was gone";
}

TEST(reload, what_fires_again_while_its_end_is_on_its_way_is_told) {
  Audience ops;
  ops.fire("Down", "a");
  ops.wait(wait_time);
  ops.deliver();
  ops.end("Down", "a");
  ops.wait(interval);
  EXPECT_EQ(ops.on_its_way(), "ops/webhook[0] resolved a-");
  ops.fire("Down", "a");
  ops.configure(routing_by({"instance"}));
  ops.deliver();
  ops.wait(interval);
  EXPECT_EQ(ops.on_its_way(), "ops/webhook[0] firing a");
}

TEST(reload, a_receiver_that_is_gone_leaves_its_alerts_to_who_is_there) {
  Audience told(routing_with(route({matcher("instance", MatcherKind::equal, "a")}, "page")));
  told.fire("Down", "a");
  told.wait(wait_time);
  EXPECT_EQ(told.on_its_way(), "page/webhook[0] firing a");
  told.configure(routing_by({"alertname"}));
  told.deliver(DeliveryAnswer::final);
  EXPECT_FALSE(is_failing(told.state().route, told.state().schedule, "page/webhook[0]"));
  told.wait(wait_time);
  EXPECT_EQ(told.on_its_way(), "ops/webhook[0] firing a");
  told.configure(std::nullopt);
  told.deliver();
  told.wait(wait_time);
  EXPECT_EQ(told.on_its_way(), "");
  EXPECT_EQ(told.not_sent(), "no_route:1");
}

}  // namespace
}  // namespace watchbill::core::route
