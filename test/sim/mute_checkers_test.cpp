// The checkers of muted alerts find what is wrong: they are not plants, as a core that mutes otherwise replays otherwise.
#include "sim/mute_checkers.h"

#include <gtest/gtest.h>

#include "core/route/membership.h"

namespace watchbill::sim {
namespace {

using core::route::Told;

Labels host(const std::string& name) { return Labels({{"alertname", name}, {"host", "a"}}); }

// An alert `Down` in a group "g" that was just told of it.
core::State told() {
  core::State state;
  core::route::GroupedAlert alert;
  alert.labels = host("Down");
  alert.telling = Told::firing;
  state.route.alerts.insert("g:1", alert);
  core::route::Group group;
  group.delivery = "d";
  state.route.groups.insert("g", group);
  return state;
}

core::route::Silence silence_of(const Labels& labels, Instant until) {
  core::route::Silence silence;
  silence.ends_at = until;
  silence.matchers = {{MatcherKind::equal, "alertname", std::string(labels.get("alertname"))}};
  return silence;
}

void fire(core::State& state, const Labels& labels) {
  core::alert::Alert alert;
  alert.phase = AlertPhase::firing;
  alert.labels = labels;
  state.alert.alerts.insert(labels.text(), alert);
}

TEST(mute_checkers, find_a_message_about_a_silenced_alert) {
  core::State state = told();
  EXPECT_EQ(told_though_muted(state, "g", Instant{5}), "");
  state.route.silences.insert("s", silence_of(host("Down"), Instant{5}));
  EXPECT_EQ(told_though_muted(state, "g", Instant{5}), "") << "it has ended";
  EXPECT_NE(told_though_muted(state, "g", Instant{4}), "");
  state.route.alerts.edit("g:1").telling = Told::nothing;
  EXPECT_EQ(told_though_muted(state, "g", Instant{4}), "");
  EXPECT_NE(told_though_muted(state, "g", Instant{5}), "") << "it is left out though nothing mutes it";
}

TEST(mute_checkers, find_a_message_about_an_inhibited_alert) {
  core::State state = told();
  core::route::Routing routing;
  routing.inhibit_rules = {{{"host"},
                            {{MatcherKind::equal, "alertname", "Source"}},
                            {{MatcherKind::regex, "alertname", "Down|Source"}}}};
  core::route::set_routing(state.route, routing);
  fire(state, Labels({{"alertname", "Source"}, {"host", "b"}}));
  EXPECT_EQ(told_though_muted(state, "g", Instant{}), "");
  fire(state, host("Source"));
  EXPECT_NE(told_though_muted(state, "g", Instant{}), "");
  EXPECT_FALSE(is_muted(state, host("Source"), Instant{})) << "not by itself";
}

TEST(mute_checkers, find_news_that_nobody_will_tell) {
  core::State state = told();
  EXPECT_EQ(forgotten_news(state), "") << "a message is on its way";
  state.route.groups.edit("g").delivery.clear();
  EXPECT_NE(forgotten_news(state), "");
  state.route.groups.edit("g").flush_at = Instant{1};
  EXPECT_EQ(forgotten_news(state), "");
  state.route.groups.edit("g").flush_at.reset();
  state.route.silences.insert("s", silence_of(host("Down"), Instant{5}));
  EXPECT_EQ(forgotten_news(state), "") << "it is muted";
  state.progress.time = Instant{9};
  EXPECT_EQ(forgotten_news(state), "") << "the silence's end is the next record";
  state.route.silences.edit("s").ended = SilenceEnd::time;
  EXPECT_NE(forgotten_news(state), "");
  state.route.alerts.edit("g:1").told = Told::firing;
  EXPECT_EQ(forgotten_news(state), "") << "it was told";
}

}  // namespace
}  // namespace watchbill::sim
