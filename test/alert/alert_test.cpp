#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

#include "alert/desk.h"
#include "places.h"

namespace watchbill::core::alert {
namespace {

const Instant start{1'000'000};
Instant after(int seconds) { return start + Duration::seconds(seconds); }

TEST(alert, fires_at_the_first_slot_after_its_hold_and_resolves_with_its_cause) {
  Desk desk;
  EXPECT_EQ(desk.ask(answer(after(0), {element("a")})), "RuleEvaluated AlertBecamePending");
  EXPECT_EQ(desk.ask(answer(after(15), {element("a")})), "nothing") << "an answer that changes nothing is no record";
  EXPECT_EQ(desk.ask(answer(after(29), {element("a")})), "nothing");
  EXPECT_EQ(desk.ask(answer(after(30), {element("a")})), "RuleEvaluated AlertFired");
  const Alert* alert = alert_of(desk.state, "a");
  ASSERT_NE(alert, nullptr);
  EXPECT_EQ(alert->phase, AlertPhase::firing);
  EXPECT_EQ(alert->active_at, after(0));
  EXPECT_EQ(alert->fired_at, after(30));
  ASSERT_EQ(alert->samples.size(), 1U);
  EXPECT_EQ(alert->samples.front().samples.front().value, "0");
  ElementChange gone = element("a", Presence::absent);
  gone.cause = AlertEnd::no_series;
  EXPECT_EQ(desk.ask(answer(after(45), {gone})), "RuleEvaluated AlertResolved(firing,no_series)");
  ASSERT_NE(alert_of(desk.state, "a"), nullptr);
  EXPECT_EQ(alert_of(desk.state, "a")->cause, AlertEnd::no_series);
  EXPECT_EQ(desk.ask(answer(after(60), {element("a")})), "RuleEvaluated AlertBecamePending") << "it begins anew";
  EXPECT_EQ(alert_of(desk.state, "a")->active_at, after(60));
}

TEST(alert, of_a_rule_without_hold_fires_at_once) {
  Desk desk;
  EXPECT_EQ(desk.ask(answer(after(0), {element("a")}, LookKind::slot, {})), "RuleEvaluated AlertFired");
}

TEST(alert, that_was_only_pending_leaves_no_trace) {
  Desk desk;
  desk.give(answer(after(0), {element("a")}));
  EXPECT_EQ(desk.ask(answer(after(15), {element("a", Presence::absent)})),
            "RuleEvaluated AlertResolved(pending,condition_false)");
  EXPECT_EQ(alert_of(desk.state, "a"), nullptr);
}

// peer-failures.md: the condition is false from 10:00:00; firing until 10:09:30, resolved at 10:10:00.
TEST(alert, keep_firing_for_survives_restart) {
  const AlertTiming timing{Duration{}, Duration::minutes(10)};
  Desk desk;
  desk.give(answer(after(-60), {element("a")}, LookKind::slot, timing));
  const auto gone = [&](int seconds) {
    return desk.ask(answer(after(seconds), {element("a", Presence::absent)}, LookKind::slot, timing));
  };
  EXPECT_EQ(gone(0), "RuleEvaluated(kept)");
  for (int at = 30; at <= 4 * 60; at += 30) EXPECT_EQ(gone(at), "nothing");
  std::string snapshot;
  write_snapshot(desk.state, snapshot);
  auto again = read_snapshot(snapshot, desk.limits);
  ASSERT_TRUE(again);
  desk.state = std::move(*again);
  EXPECT_EQ(gone(5 * 60), "nothing");
  EXPECT_EQ(gone(9 * 60 + 30), "nothing");
  EXPECT_EQ(gone(10 * 60), "RuleEvaluated AlertResolved(firing,condition_false)");
}

// 3 of 5 slots of 15 s: what is counted is in the journal, so a new life counts on.
TEST(alert, that_is_counted_fires_when_enough_of_the_last_slots_held) {
  const AlertTiming timing{Duration{}, Duration{}, SlotCount{3, Duration::seconds(75)}};
  Desk desk;
  const auto slot = [&](int number, Presence presence) {
    return desk.ask(answer(after(15 * number), {element("a", presence)}, LookKind::slot, timing));
  };
  EXPECT_EQ(slot(0, Presence::present), "RuleEvaluated AlertBecamePending");
  EXPECT_EQ(slot(1, Presence::absent), "nothing") << "it stays pending while a slot of the last five held";
  EXPECT_EQ(slot(2, Presence::present), "RuleEvaluated(held)");
  EXPECT_EQ(slot(2, Presence::present), "nothing") << "told twice, it is one slot";
  EXPECT_EQ(desk.ask(answer(after(33), {element("a")}, LookKind::early, timing)), "nothing") << "no slot, no count";
  EXPECT_EQ(slot(3, Presence::unknown), "nothing");
  // Slot 5: that of 0 has left the window, and 4 did not happen.
  EXPECT_EQ(slot(5, Presence::present), "RuleEvaluated(held)");
  EXPECT_EQ(alert_of(desk.state, "a")->held_at, (std::vector<Instant>{after(30), after(75)}));
  EXPECT_EQ(slot(6, Presence::present), "RuleEvaluated AlertFired");
  EXPECT_EQ(alert_of(desk.state, "a")->active_at, after(0));
  EXPECT_TRUE(alert_of(desk.state, "a")->held_at.empty());
  EXPECT_EQ(slot(7, Presence::absent), "RuleEvaluated AlertResolved(firing,condition_false)") << "k_of_n is about the beginning";
  EXPECT_EQ(slot(8, Presence::present), "RuleEvaluated AlertBecamePending") << "and begins anew";
  for (int number = 9; number <= 12; ++number) EXPECT_EQ(slot(number, Presence::absent), "nothing");
  EXPECT_EQ(slot(13, Presence::absent), "RuleEvaluated AlertResolved(pending,condition_false)") << "none of the last five held";
}

TEST(alert, that_is_counted_fires_at_once_with_one_slot_and_waits_for_its_hold_too) {
  Desk desk;
  const auto slot = [&](int number, const AlertTiming& timing) {
    return desk.ask(answer(after(15 * number), {element("a")}, LookKind::slot, timing));
  };
  const AlertTiming held{Duration::seconds(45), Duration{}, SlotCount{2, Duration::seconds(75)}};
  EXPECT_EQ(slot(0, held), "RuleEvaluated AlertBecamePending");
  EXPECT_EQ(slot(0, held), "nothing") << "told twice, it is one slot";
  EXPECT_EQ(slot(1, held), "RuleEvaluated(held)");
  EXPECT_EQ(slot(2, held), "RuleEvaluated(held)") << "two slots are enough, `for` is not over";
  EXPECT_EQ(slot(3, held), "RuleEvaluated AlertFired");
  Desk other;
  EXPECT_EQ(other.ask(answer(after(0), {element("a")}, LookKind::slot, {{}, {}, SlotCount{1, Duration::seconds(75)}})),
            "RuleEvaluated AlertFired");
  EXPECT_EQ(other.ask(answer(after(1), {element("b")}, LookKind::slot, {{}, {}, SlotCount{0, Duration::seconds(75)}})),
            "refused bad_argument");
}

// The condition ends at 0; its `recover` query is true from 45 s on.
TEST(alert, that_has_not_recovered_fires_on) {
  const AlertTiming timing{Duration{}, Duration::seconds(30)};
  Desk desk;
  const auto slot = [&](int number, Presence presence) {
    return desk.ask(answer(after(15 * number), {element("a", presence)}, LookKind::slot, timing));
  };
  EXPECT_EQ(slot(-1, Presence::present), "RuleEvaluated AlertFired");
  EXPECT_EQ(slot(0, Presence::unrecovered), "RuleEvaluated(kept)") << "what goes on without its condition is recorded";
  EXPECT_EQ(slot(1, Presence::unrecovered), "nothing");
  EXPECT_EQ(slot(2, Presence::unrecovered), "nothing") << "keep_firing_for alone would end it";
  EXPECT_EQ(slot(3, Presence::absent), "RuleEvaluated AlertResolved(firing,condition_false)")
      << "keep_firing_for counts from the end of the condition";
}

TEST(alert, an_element_that_returns_starts_keep_firing_for_anew) {
  const AlertTiming timing{Duration{}, Duration::seconds(60)};
  Desk desk;
  desk.give(answer(after(0), {element("a")}, LookKind::slot, timing));
  desk.give(answer(after(15), {element("a", Presence::absent)}, LookKind::slot, timing));
  EXPECT_EQ(desk.ask(answer(after(30), {element("a")}, LookKind::slot, timing)), "RuleEvaluated(returned)");
  desk.give(answer(after(45), {element("a", Presence::absent)}, LookKind::slot, timing));
  EXPECT_EQ(desk.ask(answer(after(90), {element("a", Presence::absent)}, LookKind::slot, timing)), "nothing");
  EXPECT_EQ(desk.ask(answer(after(105), {element("a", Presence::absent)}, LookKind::slot, timing)),
            "RuleEvaluated AlertResolved(firing,condition_false)");
}

TEST(alert, an_early_look_only_raises) {
  Desk desk;
  EXPECT_EQ(desk.ask(answer(after(1), {element("a")}, LookKind::early)), "RuleEvaluated AlertBecamePending");
  EXPECT_EQ(desk.ask(answer(after(2), {element("a", Presence::absent)}, LookKind::early)), "nothing");
  EXPECT_EQ(desk.ask(answer(after(31), {element("a")}, LookKind::early)), "RuleEvaluated AlertFired");
  EXPECT_EQ(desk.ask(answer(after(32), {element("a", Presence::absent)}, LookKind::early)), "nothing");
  EXPECT_EQ(desk.ask(answer(after(45), {element("a", Presence::absent)})), "RuleEvaluated AlertResolved(firing,condition_false)");
}

TEST(alert, an_absence_that_does_not_count_neither_resolves_nor_promotes) {
  Desk desk;
  desk.give(answer(after(0), {element("a")}));
  desk.give(answer(after(0), {element("b")}, LookKind::slot, {}));
  EXPECT_EQ(desk.ask(answer(after(300), {element("a", Presence::unknown), element("b", Presence::unknown)})), "nothing");
  EXPECT_EQ(alert_of(desk.state, "a")->phase, AlertPhase::pending);
  EXPECT_EQ(alert_of(desk.state, "b")->phase, AlertPhase::firing);
}

TEST(alert, a_failed_evaluation_changes_no_alert) {
  Desk desk;
  desk.give(answer(after(0), {element("a")}, LookKind::slot, {}));
  const Digest before = desk.state.alert.alerts.digest();
  NoteRuleFailure failure;
  failure.rule = web_down;
  failure.name = "WebDown";
  failure.message = "too_many_samples";
  for (int i = 0; i < 20; ++i) {
    failure.at = after(15 + i);
    EXPECT_EQ(desk.ask(failure), i == 0 ? "RuleEvaluationFailed" : "nothing");
  }
  EXPECT_EQ(desk.state.alert.alerts.digest(), before);
  EXPECT_EQ(desk.state.alert.rules.find(web_down.text)->failing_since, after(15));
  EXPECT_EQ(desk.ask(answer(after(60), {})), "RuleEvaluated") << "the rule works again, and that is recorded";
  EXPECT_FALSE(desk.state.alert.rules.find(web_down.text)->failing_since);
  EXPECT_EQ(desk.ask(answer(after(75), {})), "nothing");
}

TEST(alert, a_late_answer_is_refused_by_name) {
  Desk desk;
  desk.give(answer(after(15), {element("a")}));
  EXPECT_EQ(desk.ask(answer(after(14), {element("a", Presence::absent)})), "refused changed_meanwhile");
  EXPECT_EQ(desk.ask(answer(after(15), {element("b")})), "RuleEvaluated AlertBecamePending")
      << "a second part of the same answer";
}

TEST(alert, answers_that_no_evaluator_sends_are_refused) {
  Desk desk;
  EXPECT_EQ(desk.ask(answer(after(0), {element("b"), element("a")})), "refused bad_argument");
  EXPECT_EQ(desk.ask(answer(after(0), {element("a"), element("a")})), "refused bad_argument");
  ElementChange many = element("a");
  many.samples.front().samples.resize(33);
  EXPECT_EQ(desk.ask(answer(after(0), {many})), "refused bad_argument");
  EXPECT_EQ(Desk::told(desk.give(answer(after(0), {element("a")}), Actor{ActorKind::caller, "ana", {"admin"}})),
            "refused role_missing");
  desk.limits.alerts_max = 1;
  EXPECT_EQ(desk.ask(answer(after(0), {element("a"), element("b")})), "refused too_many_alerts");
  desk.limits.rules_max = 0;
  EXPECT_EQ(desk.ask(answer(after(0), {element("a")})), "refused too_many_rules");
}

// The deadlines of alerts alone: whoever is told of them has others.
TimeIndex deadlines_of_alerts(const Desk& desk) {
  TimeIndex own;
  desk.state.schedule.deadlines.each_due(Instant::never(), [&](Instant at, const Subject& subject) {
    if (subject.owner == Area::alert) own.set(subject, at);
    return true;
  });
  return own;
}

TEST(alert, a_resolved_alert_is_archived_after_a_while) {
  Desk desk;
  desk.give(answer(after(0), {element("a")}, LookKind::slot, {}));
  EXPECT_EQ(deadlines_of_alerts(desk).size(), 0U);
  desk.give(answer(after(15), {element("a", Presence::absent)}));
  EXPECT_EQ(deadlines_of_alerts(desk).next(), after(15) + Duration::minutes(15));
  Schedule scanned;
  rebuild(desk.state.alert, scanned, desk.limits);
  EXPECT_EQ(scanned.deadlines, deadlines_of_alerts(desk));
  const std::string id = alert_id(web_down, element("a").labels).text;
  EXPECT_EQ(desk.ask(MeetDeadline{after(915), Area::alert, 0, id}), "ObjectArchived");
  EXPECT_TRUE(desk.state.alert.alerts.empty());
  EXPECT_EQ(deadlines_of_alerts(desk).size(), 0U);
}

TEST(alert, a_retired_rule_takes_its_alerts_along_without_calling_them_well) {
  Desk desk;
  std::vector<ElementChange> many;
  for (int i = 100; i < 400; ++i) many.push_back(element("host" + std::to_string(i)));
  desk.give(answer(after(0), many, LookKind::slot, {}));
  EXPECT_EQ(desk.state.alert.alerts.size(), 300U);
  std::size_t resolved = 0;
  for (int round = 0; round < 2; ++round)
    for (const RecordedEvent& recorded : desk.give(RetireRule{after(60), web_down}).events) {
      const auto* end = std::get_if<AlertResolved>(&recorded.event);
      if (end == nullptr) continue;
      EXPECT_EQ(end->cause, AlertEnd::no_series);
      ++resolved;
    }
  EXPECT_EQ(resolved, 300U);
  EXPECT_TRUE(desk.state.alert.rules.empty());
  EXPECT_EQ(desk.ask(RetireRule{after(61), web_down}), "nothing");
}

TEST(alert, a_built_in_alert_fires_once_and_names_its_subject) {
  Desk desk;
  RaiseAlert raise;
  raise.name = "RuleGroupSilent";
  raise.subject_label = "rule_group";
  raise.subject = "web.yml;web";
  const Processed done = desk.give(raise);
  EXPECT_EQ(Desk::told(done), "AlertFired");
  EXPECT_EQ(std::get<AlertFired>(done.events.front().event).labels.text(),
            "{alertname=\"RuleGroupSilent\", rule_group=\"web.yml;web\", severity=\"critical\", source=\"watchbill\", "
            "unbound=\"built-in\"}");
  EXPECT_EQ(desk.ask(raise), "nothing");
  raise.bound = true;
  EXPECT_EQ(desk.ask(raise), "nothing") << "a binding that came meanwhile does not make it another alert";
  EXPECT_EQ(desk.ask(ClearAlert{raise.name, raise.subject, raise.subject_label}), "AlertResolved(firing,condition_false)");
  EXPECT_EQ(desk.ask(ClearAlert{raise.name, raise.subject, raise.subject_label}), "nothing");
}

TEST(alert, a_snapshot_holds_every_alert_with_its_samples) {
  Desk desk;
  desk.give(answer(after(0), {element("a"), element("b")}));
  desk.give(answer(after(30), {element("a")}));
  std::string text;
  write_snapshot(desk.state, text);
  auto again = read_snapshot(text, desk.limits);
  ASSERT_TRUE(again);
  EXPECT_EQ(digest_of(*again), digest_of(desk.state));
  EXPECT_EQ(sample_count(alert_of(*again, "a")->samples), 1U);
}

TEST(alert, a_rule_keeps_its_id_unless_what_it_asks_changes) {
  const std::map<std::string, std::string> labels{{"severity", "page"}};
  const Digest asks = sha256("up == 0");
  const RuleId id = rule_id({"f", "g", "n", asks, labels, 0});
  EXPECT_EQ(id.text.size(), 32U);
  EXPECT_EQ(rule_id({"f", "g", "n", asks, labels, 0}), id);
  EXPECT_NE(rule_id({"f", "g", "n", sha256("up == 1"), labels, 0}), id);
  EXPECT_NE(rule_id({"f", "gn", "", asks, labels, 0}), rule_id({"f", "g", "n", asks, labels, 0}));
  EXPECT_NE(rule_id({"f", "g", "n", asks, {}, 0}), id);
  EXPECT_NE(rule_id({"f", "g", "n", asks, labels, 1}), id);
}

// The loop of Prometheus' AlertingRule.Eval for one element, written down from its description, without our machine.
struct Reference {
  Duration hold, keep;
  std::string phase{"inactive"};
  Instant active;
  std::optional<Instant> since;

  void slot(bool is_present, Instant at) {
    if (is_present) {
      if (phase == "inactive") {
        phase = "pending";
        active = at;
      }
      since.reset();
    } else if (phase != "inactive") {
      bool goes_on = false;
      if (phase == "firing" && keep > Duration{}) {
        if (!since) since = at;
        goes_on = at - *since < keep;
      }
      if (goes_on) return;
      phase = "inactive";
      since.reset();
      return;
    }
    if (phase == "pending" && at - active >= hold) phase = "firing";
  }
};

TEST(alert, walks_as_prometheus_does_at_every_slot_of_random_stories) {
  std::mt19937_64 random(7);
  for (int story = 0; story < 300; ++story) {
    const AlertTiming timing{Duration::seconds(static_cast<int>(random() % 4) * 20),
                             Duration::seconds(static_cast<int>(random() % 3) * 25)};
    Reference reference{timing.hold, timing.keep_firing_for, "inactive", {}, {}};
    Desk desk;
    bool is_present = false;
    Instant at = start;
    for (int slot = 0; slot < 60; ++slot) {
      at = at + Duration::seconds(15 * (1 + static_cast<int>(random() % 8 == 0)));  // now and then a slot is missed
      if (random() % 3 == 0) is_present = !is_present;
      reference.slot(is_present, at);
      desk.give(answer(at, {element("a", is_present ? Presence::present : Presence::absent)}, LookKind::slot, timing));
      const Alert* alert = alert_of(desk.state, "a");
      ASSERT_EQ(alert == nullptr ? "inactive" : word(alert->phase), reference.phase) << "story " << story << " slot " << slot;
      if (alert != nullptr && alert->phase != AlertPhase::inactive) { ASSERT_EQ(alert->active_at, reference.active); }
    }
  }
}

// Every pair of a state and a look, as text that was read before it was committed.
TEST(alert, the_walk_over_all_states_and_looks_is_the_golden) {
  std::ostringstream out;
  const std::array<std::pair<const char*, AlertTiming>, 4> timings{{{"for 0", {}},
                                                                    {"for 30s", {Duration::seconds(30), {}}},
                                                                    {"keep 30s", {{}, Duration::seconds(30)}},
                                                                    {"2 of 2", {{}, {}, SlotCount{2, Duration::seconds(30)}}}}};
  const std::array<std::pair<const char*, AlertCourse>, 6> courses{
      {{"inactive", {}},
       {"pending 15s", {AlertPhase::pending, after(-15), {}}},
       {"pending 30s", {AlertPhase::pending, after(-30), {}}},
       {"firing", {AlertPhase::firing, after(-60), {}}},
       {"firing, kept 15s", {AlertPhase::firing, after(-60), after(-15)}},
       {"firing, kept 30s", {AlertPhase::firing, after(-60), after(-30)}}}};
  constexpr std::array<const char*, 7> moves{"none", "became_pending", "fired", "kept", "returned", "resolved", "held"};
  for (const auto& [timing_name, timing] : timings)
    for (const auto& [course_name, course] : courses)
      for (const LookKind kind : {LookKind::slot, LookKind::early})
        for (const Presence presence : {Presence::present, Presence::absent, Presence::unknown, Presence::unrecovered})
          out << timing_name << " | " << course_name << " | " << word(kind) << " | " << word(presence) << " -> "
              << moves[static_cast<std::size_t>(next_move(course, presence, after(0), timing, kind))] << "\n";
  const std::filesystem::path path = in_test_data("alert/moves.txt");
  if (std::getenv("WB_WRITE_GOLDENS") != nullptr) std::ofstream(path) << out.str();
  std::ifstream in(path);
  std::ostringstream golden;
  golden << in.rdbuf();
  EXPECT_EQ(out.str(), golden.str());
}

}  // namespace
}  // namespace watchbill::core::alert
