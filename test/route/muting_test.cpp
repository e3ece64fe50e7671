// What mutes alerts: nobody is told while it lasts, and nothing is lost by it.
#include <gtest/gtest.h>

#include "core/route/hours.h"
#include "core/route/muting.h"
#include "route/audience.h"

namespace watchbill::core::route {
namespace {

constexpr Duration hour = Duration::hours(1);

// An alert `Source` mutes the others of its instance.
RoutingConfiguration routing_inhibited() {
  RoutingConfiguration routing = routing_by({"alertname"});
  routing.inhibit_rules = {{{"instance"}, {matcher("alertname", MatcherKind::equal, "Source")},
                            {matcher("alertname", MatcherKind::not_equal, "Source")}}};
  return routing;
}

std::string mutings(const Audience& told, std::vector<Labels::Pair> pairs) {
  std::string text;
  for (const Muting& muting : mutings_of(told.state().route, Labels(std::move(pairs)), told.now()))
    text += (text.empty() ? "" : " ") + std::string(word(muting.by));
  return text;
}

TEST(silence, nobody_is_told_until_it_ends) {
  Audience ops;
  const std::string id = ops.silence("a", hour);
  EXPECT_EQ(id.size(), 36U);
  ops.fire("Down", "a");
  ops.fire("Up", "b");
  ops.wait(wait_time);
  EXPECT_EQ(ops.on_its_way(), "ops/webhook[0] firing b");
  EXPECT_EQ(ops.not_sent(), "muted:1 by silence");
  ops.deliver();
  ops.wait(hour - wait_time - Duration::seconds(1));
  EXPECT_EQ(ops.on_its_way(), "");
  EXPECT_EQ(ops.not_sent(), "") << "what is muted is looked at no more";
  ops.wait(interval + Duration::seconds(1));
  EXPECT_EQ(ops.on_its_way(), "ops/webhook[0] firing a");
  EXPECT_EQ(ops.state().route.silences.find(id)->ended, SilenceEnd::time);
}

TEST(silence, what_is_not_muted_is_told_without_the_others) {
  Audience ops;
  ops.silence("a", hour);
  ops.fire("Down", "a");
  ops.fire("Down", "b");
  ops.wait(wait_time);
  EXPECT_EQ(ops.on_its_way(), "ops/webhook[0] firing b");
  ops.deliver();
  ops.fire("Down", "c");
  ops.wait(interval);
  EXPECT_EQ(ops.on_its_way(), "ops/webhook[0] firing b c");
  EXPECT_EQ(ops.not_sent(), "muted:1 by silence") << "once";
}

TEST(silence, one_that_is_ended_by_hand_lets_the_next_interval_tell) {
  Audience ops;
  const std::string id = ops.silence("a", hour);
  ops.fire("Down", "a");
  ops.wait(wait_time);
  EXPECT_EQ(ops.not_sent(), "muted:1 by silence");
  ops.wait(Duration::minutes(1));
  ops.expire(id);
  ops.expire(id);
  ops.wait(Duration::minutes(4) - Duration::milliseconds(1));
  EXPECT_EQ(ops.on_its_way(), "");
  ops.wait(Duration::milliseconds(1));
  EXPECT_EQ(ops.on_its_way(), "ops/webhook[0] firing a");
  EXPECT_EQ(ops.state().route.silences.find(id)->ended, SilenceEnd::person);
}

TEST(silence, of_two_the_last_to_end_counts) {
  Audience ops;
  ops.silence("a", Duration::minutes(10));
  ops.silence("a", Duration::minutes(20));
  ops.fire("Down", "a");
  ops.wait(Duration::minutes(20) - Duration::milliseconds(1));
  EXPECT_EQ(ops.on_its_way(), "");
  EXPECT_EQ(ops.not_sent(), "muted:1 by silence");
  ops.wait(interval + wait_time);
  EXPECT_EQ(ops.on_its_way(), "ops/webhook[0] firing a");
}

TEST(silence, one_that_begins_later_mutes_from_then_on) {
  Audience ops;
  ops.silence("a", hour, Duration::minutes(10));
  ops.fire("Down", "a");
  ops.wait(wait_time);
  EXPECT_EQ(ops.on_its_way(), "ops/webhook[0] firing a");
  ops.deliver();
  ops.wait(Duration::minutes(10));
  EXPECT_EQ(mutings(ops, {{"instance", "a"}, {"x", "y"}}), "silence");
}

TEST(silence, an_end_that_is_owed_is_told_when_the_silence_ends) {
  Audience ops;
  ops.fire("Down", "a");
  ops.wait(wait_time);
  ops.deliver();
  ops.silence("a", hour);
  ops.end("Down", "a");
  ops.wait(hour - Duration::seconds(1));
  EXPECT_EQ(ops.on_its_way(), "");
  EXPECT_EQ(ops.not_sent(), "muted:1 by silence");
  ops.wait(interval + Duration::seconds(1));
  EXPECT_EQ(ops.on_its_way(), "ops/webhook[0] resolved a-");
  ops.deliver();
  EXPECT_TRUE(ops.state().route.alerts.empty());
  EXPECT_TRUE(ops.state().route.groups.empty());
}

TEST(silence, what_came_and_went_under_it_is_forgotten) {
  Audience ops;
  ops.silence("a", hour);
  ops.fire("Down", "a");
  ops.wait(wait_time);
  EXPECT_EQ(ops.not_sent(), "muted:1 by silence");
  ops.end("Down", "a");
  ops.wait(interval);
  EXPECT_EQ(ops.not_sent(), "muted:1 by silence");
  EXPECT_TRUE(ops.state().route.groups.empty());
  EXPECT_TRUE(ops.state().route.waiting.empty());
}

TEST(silence, a_told_alert_under_it_is_not_repeated) {
  Audience ops;
  ops.fire("Down", "a");
  ops.wait(wait_time);
  ops.deliver();
  const std::string id = ops.silence("a", hour * 10);
  ops.wait(hour * 5);
  EXPECT_EQ(ops.on_its_way(), "");
  EXPECT_EQ(ops.not_sent(), "muted:1 by silence") << "at the repetition, and then no more";
  ops.expire(id);
  ops.wait(interval);
  EXPECT_EQ(ops.on_its_way(), "ops/webhook[0] firing a") << "the repetition that is overdue";
}

// As in Alertmanager: the newest message is what a receiver knows.
TEST(silence, one_that_a_later_message_left_out_is_told_anew) {
  Audience ops;
  ops.fire("Down", "a");
  ops.fire("Down", "b");
  ops.wait(wait_time);
  ops.deliver();
  const std::string id = ops.silence("a", hour * 10);
  ops.fire("Down", "c");
  ops.wait(interval);
  EXPECT_EQ(ops.on_its_way(), "ops/webhook[0] firing b c");
  ops.deliver();
  ops.expire(id);
  ops.wait(interval);
  EXPECT_EQ(ops.on_its_way(), "ops/webhook[0] firing a b c");
}

TEST(silence, one_whose_message_failed_is_tried_without_what_is_muted_by_then) {
  Audience ops;
  ops.fire("Down", "a");
  ops.fire("Down", "b");
  ops.wait(wait_time);
  ops.silence("a", hour);
  ops.deliver(DeliveryAnswer::final);
  ops.wait(interval);
  EXPECT_EQ(ops.on_its_way(), "ops/webhook[0] firing b");
  ops.deliver();
  ops.end("Down", "a");
  ops.end("Down", "b");
  ops.wait(hour);
  EXPECT_EQ(ops.on_its_way(), "ops/webhook[0] resolved b-");
  ops.deliver();
  ops.wait(interval);
  EXPECT_EQ(ops.on_its_way(), "ops/webhook[0] resolved a-") << "perhaps it was told";
}

TEST(silence, changes_as_alertmanagers_do) {
  Audience ops;
  SetSilence set{"why", "ana", ops.now() + hour, {matcher("instance", MatcherKind::equal, "a")}, {}, ops.now() - hour};
  const std::string id = ops.ask(set).subject;
  const auto silence_of = [&](const std::string& name) { return *ops.state().route.silences.find(name); };
  EXPECT_EQ(silence_of(id).starts_at, ops.now()) << "it cannot have begun before it was made";
  ops.wait(Duration::minutes(1));
  set.silence.text = id;
  set.starts_at = silence_of(id).starts_at;
  set.ends_at = ops.now() + hour * 2;
  EXPECT_EQ(ops.ask(set).subject, id) << "another end is the same silence";
  EXPECT_EQ(silence_of(id).ends_at, set.ends_at);
  set.matchers[0].value = "b";
  const std::string other = ops.ask(set).subject;
  EXPECT_NE(other, id) << "other matchers are another one";
  EXPECT_EQ(silence_of(id).ended, SilenceEnd::replaced);
  EXPECT_EQ(silence_of(other).starts_at, ops.now());
  set.silence.text = other;
  set.starts_at = ops.now() + hour;
  const std::string third = ops.ask(set).subject;
  EXPECT_NE(third, other) << "one that has begun begins at no other time";
  set.silence.text = third;
  set.starts_at = ops.now() + Duration::minutes(1);
  EXPECT_EQ(ops.ask(set).subject, third) << "one that has not may";
  set.silence.text = "no";
  EXPECT_EQ(ops.ask(set).refused->reason, Refusal::unknown_silence);
}

TEST(silence, a_wrong_one_is_refused_with_its_place) {
  Audience ops;
  const SetSilence good{"why", "ana", ops.now() + hour, {matcher("instance", MatcherKind::equal, "a")}, {}, ops.now()};
  const auto refusal = [&](auto&& change) {
    SetSilence set = good;
    change(set);
    const Answer answer = ops.ask(set);
    return answer.refused ? answer.refused->message.substr(0, answer.refused->message.find(':')) : std::string("taken");
  };
  EXPECT_EQ(refusal([](SetSilence&) {}), "taken");
  EXPECT_EQ(refusal([](SetSilence& set) { set.matchers.clear(); }), "matchers");
  EXPECT_EQ(refusal([](SetSilence& set) { set.matchers[0] = matcher("a", MatcherKind::not_equal, "x"); }), "taken") << "as there";
  EXPECT_EQ(refusal([](SetSilence& set) { set.matchers[0] = matcher("a", MatcherKind::equal, ""); }), "matchers");
  EXPECT_EQ(refusal([](SetSilence& set) { set.matchers[0] = matcher("a", MatcherKind::regex, ".*"); }), "matchers");
  EXPECT_EQ(refusal([](SetSilence& set) { set.matchers[0] = matcher("a", MatcherKind::regex, "("); }), "matchers[0]");
  EXPECT_EQ(refusal([](SetSilence& set) { set.matchers[0].name = ""; }), "matchers[0]");
  EXPECT_EQ(refusal([](SetSilence& set) { set.comment = ""; }), "comment");
  EXPECT_EQ(refusal([](SetSilence& set) { set.created_by = ""; }), "created_by");
  EXPECT_EQ(refusal([](SetSilence& set) { set.ends_at = set.starts_at; }), "ends_at");
  EXPECT_EQ(refusal([](SetSilence& set) {
              set.starts_at = set.starts_at - hour * 2;
              set.ends_at = set.starts_at + hour;
            }),
            "ends_at");
}

TEST(silence, one_that_ends_while_a_message_is_on_its_way_leaves_no_news_behind) {
  Audience ops;
  ops.fire("Down", "a");
  ops.fire("Down", "b");
  ops.wait(wait_time);
  ops.deliver();
  const std::string id = ops.silence("a", hour * 10);
  ops.fire("Down", "c");
  ops.wait(interval);
  EXPECT_EQ(ops.on_its_way(), "ops/webhook[0] firing b c");
  ops.expire(id);
  ops.deliver();
  ops.state().route.alerts.each([](const std::string&, const GroupedAlert& alert) {
    EXPECT_EQ(alert.told, Told::firing) << alert.labels.text() << " was told, and nothing else is owed";
    return true;
  });
}

TEST(silence, whoever_joins_a_muted_group_is_told_though_the_silence_ends_meanwhile) {
  Audience ops;
  const std::string id = ops.silence("a", hour);
  ops.fire("Down", "a");
  ops.wait(wait_time);
  EXPECT_EQ(ops.not_sent(), "muted:1 by silence");
  ops.fire("Down", "b");
  ops.end("Down", "a");
  ops.expire(id);
  ops.wait(interval);
  EXPECT_EQ(ops.on_its_way(), "ops/webhook[0] firing b");
}

TEST(silence, ended_ones_make_room) {
  Audience ops;
  ops.limits.silences_max = 2;
  const std::string first = ops.silence("a", hour);
  const std::string second = ops.silence("b", hour);
  const SetSilence more{"why", "ana", ops.now() + hour, {matcher("instance", MatcherKind::equal, "c")}, {}, ops.now()};
  EXPECT_EQ(ops.ask(more).refused->reason, Refusal::too_many_silences);
  ops.expire(second);
  EXPECT_FALSE(ops.ask(more).refused);
  EXPECT_FALSE(ops.state().route.silences.contains(second));
  EXPECT_TRUE(ops.state().route.silences.contains(first));
}

TEST(silence, what_is_muted_is_no_news_after_a_message_without_it) {
  Audience ops;
  ops.silence("a", hour);
  ops.fire("Down", "a");
  ops.fire("Down", "b");
  ops.wait(wait_time);
  EXPECT_EQ(ops.not_sent(), "muted:1 by silence");
  ops.deliver();
  ops.wait(interval * 5);
  EXPECT_EQ(ops.not_sent(), "") << "nobody looks before something happens";
}

TEST(silence, an_ended_one_leaves_after_five_days_and_never_returns) {
  Audience ops;
  const std::string id = ops.silence("a", hour * 24 * 7 * 999);
  ops.expire(id);
  ops.wait(hour * 24 * 5 - Duration::milliseconds(1));
  EXPECT_TRUE(ops.state().route.silences.contains(id));
  ops.wait(Duration::milliseconds(1));
  EXPECT_FALSE(ops.state().route.silences.contains(id));
  EXPECT_EQ(ops.ask(ExpireSilence{SilenceId{id}}).refused->reason, Refusal::unknown_silence);
}

// Nobody is told between 12:10 and 13:00; `start` is 12:00.
RoutingConfiguration routing_with_lunch(bool is_active_time = false) {
  RoutingConfiguration routing = routing_by({"alertname"});
  TimePeriodConfiguration& lunch = routing.time_intervals["lunch"].periods.emplace_back();
  lunch.times = {{12 * 60 + 10, 13 * 60}};
  RouteConfiguration child = route({}, "ops");
  child.group_by = {"alertname"};
  (is_active_time ? child.active_time_intervals : child.mute_time_intervals) = {"lunch"};
  child.end = routing.routes.front().end = 2;
  routing.routes.push_back(child);
  return routing;
}

TEST(quiet_time, nobody_is_told_until_it_ends) {
  Audience ops(routing_with_lunch());
  ops.fire("Down", "a");
  ops.wait(wait_time);
  EXPECT_EQ(ops.on_its_way(), "ops/webhook[0] firing a");
  ops.deliver();
  ops.wait(Duration::minutes(10));
  ops.fire("Down", "b");
  ops.end("Down", "a");
  ops.wait(Duration::minutes(40));
  EXPECT_EQ(ops.on_its_way(), "");
  EXPECT_EQ(ops.not_sent(), "muted:2 by time_interval");
  ops.wait(Duration::minutes(15));
  EXPECT_EQ(ops.on_its_way(), "ops/webhook[0] firing a- b") << "with the next interval after 13:00";
}

TEST(quiet_time, what_comes_within_it_is_named_when_it_would_have_been_told) {
  Audience ops(routing_with_lunch());
  ops.wait(Duration::minutes(20));
  ops.fire("Down", "a");
  ops.wait(wait_time);
  EXPECT_EQ(ops.not_sent(), "muted:1 by time_interval");
  ops.fire("Down", "b");
  ops.wait(interval);
  EXPECT_EQ(ops.not_sent(), "muted:1 by time_interval");
  ops.end("Down", "b");
  ops.wait(interval);
  EXPECT_EQ(ops.not_sent(), "muted:1 by time_interval") << "it came and went";
  ops.wait(Duration::minutes(40));
  EXPECT_EQ(ops.on_its_way(), "ops/webhook[0] firing a");
}

TEST(quiet_time, outside_of_active_intervals_nobody_is_told) {
  Audience ops(routing_with_lunch(true));
  ops.fire("Down", "a");
  ops.wait(wait_time);
  EXPECT_EQ(ops.not_sent(), "muted:1 by time_interval");
  ops.wait(Duration::minutes(9));
  EXPECT_EQ(ops.on_its_way(), "");
  ops.wait(interval);
  EXPECT_EQ(ops.on_its_way(), "ops/webhook[0] firing a");
}

TEST(quiet_time, a_reload_that_takes_it_away_lets_the_next_interval_tell) {
  Audience ops(routing_with_lunch());
  ops.wait(Duration::minutes(20));
  ops.fire("Down", "a");
  ops.wait(wait_time);
  RoutingConfiguration routing = routing_with_lunch();
  routing.routes.back().mute_time_intervals.clear();
  ops.configure(routing);
  ops.wait(interval);
  EXPECT_EQ(ops.on_its_way(), "ops/webhook[0] firing a");
}

TEST(quiet_time, a_told_alert_is_repeated_only_when_that_is_due) {
  Audience ops(routing_with_lunch());
  ops.fire("Down", "a");
  ops.wait(wait_time);
  ops.deliver();
  ops.wait(Duration::minutes(5));
  ops.fire("Down", "b");
  ops.wait(interval);
  EXPECT_EQ(ops.not_sent(), "muted:1 by time_interval");
  ops.end("Down", "b");
  ops.wait(hour);
  EXPECT_EQ(ops.on_its_way(), "");
  EXPECT_EQ(ops.not_sent(), "muted:1 by time_interval not_repeated:1");
  ops.wait(hour * 3);
  EXPECT_EQ(ops.on_its_way(), "ops/webhook[0] firing a");
}

TEST(quiet_time, ends_where_intervals_that_follow_upon_each_other_end) {
  Routing routing;
  routing.time_intervals["first"].periods.emplace_back().times = {{0, 13 * 60}};
  routing.time_intervals["second"].periods.emplace_back().times = {{13 * 60, 14 * 60}};
  routing.time_intervals["always"].periods.emplace_back();
  RouteConfiguration route;
  EXPECT_FALSE(quiet_at(routing, route, start));
  route.mute_time_intervals = {"first", "second"};
  EXPECT_EQ(quiet_at(routing, route, start)->until, start + hour * 2);
  EXPECT_EQ(quiet_at(routing, route, start)->interval, "first");
  EXPECT_EQ(quiet_at(routing, route, start + hour)->interval, "second");
  EXPECT_FALSE(quiet_at(routing, route, start + hour * 2));
  route.mute_time_intervals = {"always"};
  EXPECT_EQ(quiet_at(routing, route, start)->until, start + hour * 24 * 365) << "looked at again, whatever becomes of it";
}

TEST(inhibition, a_firing_alert_mutes_what_it_explains) {
  Audience ops(routing_inhibited());
  ops.fire("Down", "a");
  ops.fire("Down", "b");
  ops.fire("Source", "a");
  ops.wait(wait_time);
  EXPECT_EQ(ops.on_its_way(), "ops/webhook[0] firing a; ops/webhook[0] firing b");
  EXPECT_EQ(ops.not_sent(), "muted:1 by inhibition");
  ops.deliver();
  ops.end("Source", "a");
  ops.wait(interval);
  EXPECT_EQ(ops.on_its_way(), "ops/webhook[0] resolved a-; ops/webhook[0] firing a b");
}

TEST(inhibition, a_source_needs_not_be_told_itself) {
  Audience ops(routing_inhibited());
  ops.silence("a", hour);
  ops.fire("Source", "a");
  EXPECT_EQ(mutings(ops, {{"alertname", "Down"}, {"instance", "a"}}), "inhibition silence");
  EXPECT_EQ(mutings(ops, {{"alertname", "Source"}, {"instance", "a"}}), "silence");
  EXPECT_EQ(mutings(ops, {{"alertname", "Down"}, {"instance", "b"}}), "");
}

TEST(inhibition, the_last_of_two_sources_counts) {
  RoutingConfiguration routing = routing_inhibited();
  routing.inhibit_rules[0].equal.clear();
  Audience ops(routing);
  ops.fire("Source", "x");
  ops.fire("Source", "y");
  ops.fire("Down", "a");
  ops.wait(wait_time);
  ops.deliver();
  EXPECT_EQ(ops.not_sent(), "muted:1 by inhibition");
  ops.end("Source", "x");
  ops.wait(interval);
  ops.deliver();
  EXPECT_EQ(ops.not_sent(), "") << "by the other one, as before";
  ops.end("Source", "y");
  ops.wait(interval);
  EXPECT_EQ(ops.on_its_way(), "ops/webhook[0] firing a; ops/webhook[0] resolved y-");
}

TEST(inhibition, an_alert_that_is_source_and_target_does_not_mute_itself) {
  Inhibition inhibition({{{}, {matcher("a", MatcherKind::equal, "1")}, {matcher("b", MatcherKind::equal, "1")}}});
  const auto muted = [&](std::vector<Labels::Pair> pairs) { return inhibition.source_for(Labels(std::move(pairs))).has_value(); };
  const Labels both = labels({{"a", "1"}, {"b", "1"}});
  inhibition.add("both", both);
  EXPECT_FALSE(muted({{"a", "1"}, {"b", "1"}}));
  EXPECT_FALSE(muted({{"a", "1"}, {"b", "1"}, {"c", "1"}})) << "nor another one like it";
  EXPECT_TRUE(muted({{"b", "1"}, {"c", "1"}}));
  EXPECT_FALSE(muted({{"c", "1"}, {"d", "1"}}));
  inhibition.add("apart", labels({{"a", "1"}, {"c", "1"}}));
  EXPECT_TRUE(muted({{"a", "1"}, {"b", "1"}}));
  EXPECT_EQ(inhibition.source_for(labels({{"b", "1"}, {"x", "1"}}))->alert, "apart") << "the first by its id";
  EXPECT_EQ(inhibition.remove("apart", labels({{"a", "1"}, {"c", "1"}})).size(), 1U);
  EXPECT_EQ(inhibition.remove("both", both).size(), 1U);
  EXPECT_TRUE(inhibition == Inhibition(std::vector<InhibitRuleConfiguration>(1)));
}

TEST(inhibition, a_source_beside_others_that_ends_writes_nothing) {
  RoutingConfiguration routing = routing_inhibited();
  routing.inhibit_rules[0].equal.clear();
  Audience ops(routing);
  for (const char* source : {"x", "y", "z"}) ops.fire("Source", source);
  ops.fire("Down", "a");
  ops.wait(wait_time);
  ops.deliver();
  EXPECT_EQ(ops.not_sent(), "muted:1 by inhibition");
  ops.end("Source", "x");
  ops.end("Source", "z");
  ops.wait(interval);
  ops.deliver();
  ops.wait(interval * 3);
  EXPECT_EQ(ops.not_sent(), "");
}

TEST(inhibition, labels_that_are_missing_are_equal) {
  Inhibition inhibition({{{"x", "y"}, {matcher("a", MatcherKind::equal, "1")}, {matcher("b", MatcherKind::equal, "1")}}});
  inhibition.add("source", labels({{"a", "1"}, {"x", "2"}}));
  EXPECT_TRUE(inhibition.source_for(labels({{"b", "1"}, {"x", "2"}})));
  EXPECT_FALSE(inhibition.source_for(labels({{"b", "1"}, {"y", "2"}})));
  EXPECT_FALSE(inhibition.source_for(labels({{"b", "1"}, {"x", "2"}, {"y", "3"}})));
}

TEST(inhibition, other_rules_are_followed_at_the_next_interval) {
  Audience ops(routing_inhibited());
  ops.fire("Source", "a");
  ops.fire("Down", "a");
  ops.wait(wait_time);
  EXPECT_EQ(ops.on_its_way(), "ops/webhook[0] firing a");
  ops.deliver();
  ops.configure(routing_by({"alertname"}));
  ops.wait(interval);
  EXPECT_EQ(ops.on_its_way(), "ops/webhook[0] firing a") << "nothing mutes it any more";
  ops.deliver();
  ops.configure(routing_inhibited());
  ops.end("Down", "a");
  ops.wait(interval);
  EXPECT_EQ(ops.on_its_way(), "") << "the end waits";
  ops.end("Source", "a");
  ops.wait(interval);
  EXPECT_EQ(ops.on_its_way(), "ops/webhook[0] resolved a-; ops/webhook[0] resolved a-");
}

TEST(inhibition, another_grouping_changes_nothing) {
  Audience ops(routing_inhibited());
  ops.fire("Source", "a");
  ops.fire("Down", "a");
  ops.wait(wait_time);
  ops.deliver();
  RoutingConfiguration routing = routing_inhibited();
  routing.routes[0].group_by = {"instance"};
  ops.configure(routing);
  ops.wait(interval);
  EXPECT_EQ(ops.on_its_way(), "");
  ops.end("Source", "a");
  ops.wait(interval);
  EXPECT_EQ(ops.on_its_way(), "ops/webhook[0] firing a a-");
}

}  // namespace
}  // namespace watchbill::core::route
