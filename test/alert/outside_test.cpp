// Alerts that others found.
#include <gtest/gtest.h>

#include "alert/desk.h"

namespace watchbill::core::alert {
namespace {

const Actor prometheus{ActorKind::caller, "prometheus", {"operator"}};

OutsideAlert outside(const std::string& name, std::optional<AlertEnd> cause = std::nullopt) {
  OutsideAlert alert;
  alert.labels = Labels({{"alertname", name}, {"host", "a"}});
  alert.annotations["summary"] = "it is down";
  alert.generator_url = "http://prometheus/graph";
  alert.starts_at = Instant{900'000};
  alert.ends_at = Instant{1'200'000};
  alert.cause = cause;
  return alert;
}

TEST(outside, one_fires_once_and_ends_once) {
  Desk desk;
  const Processed fired = desk.give(NoteAlerts{{outside("Down")}}, prometheus);
  EXPECT_EQ(Desk::told(fired), "AlertFired");
  const auto& event = std::get<AlertFired>(fired.events.front().event);
  EXPECT_EQ(event.at, Instant{900'000});
  EXPECT_EQ(event.ends_at, Instant{1'200'000});
  EXPECT_EQ(event.source, AlertSource::outside);
  EXPECT_FALSE(event.anonymous);
  EXPECT_EQ(desk.state.alert.alerts.find(outside_id(outside("Down").labels).text)->generator_url, "http://prometheus/graph");
  EXPECT_EQ(desk.ask(NoteAlerts{{outside("Down")}}), "nothing");
  EXPECT_EQ(desk.ask(NoteAlerts{{outside("Up", AlertEnd::sender)}}), "nothing") << "nobody heard that it fires";
  EXPECT_EQ(desk.ask(NoteAlerts{{outside("Down", AlertEnd::expired), outside("Other")}}),
            "AlertResolved(firing,expired) AlertFired");
  EXPECT_EQ(desk.ask(NoteAlerts{{outside("Down", AlertEnd::sender)}}), "nothing");
  EXPECT_EQ(desk.ask(NoteAlerts{{outside("Down")}}), "AlertFired") << "again";
}

TEST(outside, one_has_no_power_over_an_alert_of_a_rule) {
  Desk desk;
  desk.give(answer(desk.now, {element("a")}, LookKind::slot, {}));
  OutsideAlert alert = outside("WebDown", AlertEnd::sender);
  alert.labels = element("a").labels;
  EXPECT_EQ(desk.ask(NoteAlerts{{alert}}), "nothing");
  EXPECT_EQ(alert_of(desk.state, "a")->phase, AlertPhase::firing);
}

TEST(outside, who_has_no_role_is_refused_and_who_has_no_name_is_marked) {
  Desk desk;
  const auto told = [&](const Actor& actor) { return Desk::told(desk.give(NoteAlerts{{outside("Down")}}, actor)); };
  EXPECT_EQ(told({ActorKind::caller, "eve", {"viewer"}}), "refused role_missing");
  const Processed fired = desk.give(NoteAlerts{{outside("Down")}}, {ActorKind::caller, std::string(anonymous_actor), {"viewer"}});
  ASSERT_EQ(Desk::told(fired), "AlertFired");
  EXPECT_TRUE(std::get<AlertFired>(fired.events.front().event).anonymous);
}

TEST(outside, an_end_without_a_token_is_no_good_news_of_what_fired_with_one) {
  Desk desk;
  const Actor nobody{ActorKind::caller, std::string(anonymous_actor), {"viewer"}};
  desk.give(NoteAlerts{{outside("Down")}}, prometheus);
  EXPECT_EQ(Desk::told(desk.give(NoteAlerts{{outside("Down", AlertEnd::sender)}}, nobody)), "AlertResolved(firing,expired)");
  desk.give(NoteAlerts{{outside("Down")}}, nobody);
  EXPECT_EQ(Desk::told(desk.give(NoteAlerts{{outside("Down", AlertEnd::sender)}}, nobody)), "AlertResolved(firing,sender)");
}

TEST(outside, others_alerts_leave_room_for_our_own) {
  Desk desk;
  desk.limits.alerts_max = 10;
  std::vector<OutsideAlert> many;
  for (int i = 0; i < 9; ++i) many.push_back(outside("Down" + std::to_string(i)));
  desk.give(NoteAlerts{many}, prometheus);
  EXPECT_EQ(desk.ask(NoteAlerts{{outside("More")}}), "refused too_many_alerts");
  EXPECT_EQ(desk.ask(NoteAlerts{{outside("Down0", AlertEnd::sender)}}), "AlertResolved(firing,sender)");
  EXPECT_EQ(desk.ask(RaiseAlert{{}, false, "RunHeld", "run-1", "run"}), "AlertFired");
}

TEST(outside, wrong_ones_are_refused_together_with_those_beside_them) {
  Desk desk;
  EXPECT_EQ(desk.ask(NoteAlerts{{outside("Down"), OutsideAlert{}}}), "refused bad_argument");
  EXPECT_EQ(desk.ask(NoteAlerts{{outside("Down"), outside("Down")}}), "refused bad_argument");
  desk.limits.alerts_max = 1;
  EXPECT_EQ(desk.ask(NoteAlerts{{outside("Down"), outside("Other")}}), "refused too_many_alerts");
  desk.limits.rule_answer_changes_max = 1;
  EXPECT_EQ(desk.ask(NoteAlerts{{outside("Down"), outside("Other")}}), "refused bad_argument");
  EXPECT_TRUE(desk.state.alert.alerts.empty());
}

TEST(outside, an_end_without_a_word_is_no_good_news) {
  EXPECT_TRUE(is_good_news(AlertEnd::sender));
  EXPECT_TRUE(is_good_news(AlertEnd::condition_false));
  EXPECT_FALSE(is_good_news(AlertEnd::expired));
  EXPECT_FALSE(is_good_news(AlertEnd::no_series));
}

}  // namespace
}  // namespace watchbill::core::alert
