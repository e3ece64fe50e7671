#include <gtest/gtest.h>

#include "metrics/rules/early.h"
#include "metrics/rules/slots.h"
#include "rules/stand.h"

namespace watchbill::metrics::rules {
namespace {

TEST(rules, an_alert_walks_from_pending_to_firing_and_shows_itself_as_series) {
  Stand stand({alerting("WebDown", "up == 0", 30)});
  stand.put("up", "a", 0);
  EXPECT_EQ(stand.slot(), "RuleEvaluated AlertBecamePending");
  EXPECT_EQ(stand.ask("ALERTS"), "ALERTS{alertname=\"WebDown\", alertstate=\"pending\", instance=\"a\", job=\"web\"} 1");
  EXPECT_EQ(stand.ask("ALERTS_FOR_STATE"), "ALERTS_FOR_STATE{alertname=\"WebDown\", instance=\"a\", job=\"web\"} 1772366400");
  stand.pass(15);
  stand.put("up", "a", 0);
  EXPECT_EQ(stand.slot(), "");
  EXPECT_TRUE(stand.last.outcomes.empty()) << "what changes nothing is not even asked";
  stand.pass(15);
  stand.put("up", "a", 0);
  EXPECT_EQ(stand.slot(), "RuleEvaluated AlertFired");
  EXPECT_EQ(stand.ask("ALERTS"), "ALERTS{alertname=\"WebDown\", alertstate=\"firing\", instance=\"a\", job=\"web\"} 1");
  ASSERT_EQ(stand.alerts().size(), 1U);
  const core::alert::Alert& alert = *stand.alerts().front();
  ASSERT_EQ(alert.samples.size(), 1U);
  EXPECT_EQ(alert.samples.front().samples.size(), 3U) << "the samples of the whole pending time";
  stand.pass(15);
  stand.put("up", "a", 1);
  EXPECT_EQ(stand.slot(), "RuleEvaluated AlertResolved(firing,condition_false)");
  EXPECT_EQ(stand.ask("ALERTS"), "");
  EXPECT_EQ(stand.ask("ALERTS_FOR_STATE"), "");
}

TEST(rules, a_firing_alert_has_its_present_texts_and_a_kept_one_its_last) {
  RuleSource rule = alerting("Hot", "temperature > 50");
  rule.keep_firing_for = Duration::seconds(30);
  rule.annotations = {{"summary", "{{ $value }} degrees"}};
  Stand stand({rule});
  stand.surroundings.keeps_texts = true;
  const auto texts_at = [&stand](double degrees) {
    stand.put("temperature", "a", degrees);
    stand.slot();
    std::string out;
    for (const FiringAlert& alert : stand.evaluator->firing(0))
      out += alert.labels.text() + " " + alert.annotations.at("summary");
    stand.pass(15);
    return out;
  };
  const std::string labels = "{alertname=\"Hot\", instance=\"a\", job=\"web\"} ";
  EXPECT_EQ(texts_at(40), "");
  EXPECT_EQ(texts_at(60), labels + "60 degrees");
  EXPECT_EQ(texts_at(70), labels + "70 degrees") << "though no alert moved";
  EXPECT_EQ(texts_at(40), labels + "70 degrees");
  EXPECT_EQ(texts_at(40), labels + "70 degrees");
  EXPECT_EQ(texts_at(40), "");
}

TEST(rules, a_value_that_the_store_refuses_is_told_and_the_end_of_a_series_is_none) {
  Stand stand({recording("x", "up"), recording("x", "up + 1"), recording("x", "up > 0")});
  stand.put("up", "a", 1);
  static_cast<void>(stand.slot());
  EXPECT_EQ(stand.evaluator->health(0).refused, std::nullopt);
  EXPECT_EQ(stand.evaluator->health(1).refused, tsdb::AppendRefusal::duplicate_timestamp);
  EXPECT_EQ(stand.evaluator->health(2).refused, std::nullopt) << "the same value again";
  stand.pass(15);
  stand.put("up", "a", 0);
  static_cast<void>(stand.slot());
  EXPECT_EQ(stand.evaluator->health(2).refused, std::nullopt) << "it ends what another rule goes on writing";
}

TEST(rules, a_vanished_series_is_not_good_news) {
  Stand stand({alerting("Hot", "temperature > 50")});
  stand.put("temperature", "a", 60);
  stand.put("temperature", "b", 60);
  EXPECT_EQ(stand.slot(), "RuleEvaluated AlertFired AlertFired");
  stand.pass(15);
  stand.put("temperature", "a", tsdb::stale_marker());
  stand.put("temperature", "b", 40);
  EXPECT_EQ(stand.slot(), "RuleEvaluated AlertResolved(firing,no_series) AlertResolved(firing,condition_false)");
}

TEST(rules, an_aggregate_has_a_series_as_long_as_any_is_there) {
  Stand stand(
      {alerting("Load", "sum by (job) (load) > 5"), alerting("Gone", "absent(load)"), alerting("Odd", "vector(time() % 2) > 0")});
  stand.put("load", "a", 6);
  EXPECT_EQ(stand.slot(), "RuleEvaluated AlertFired");
  stand.pass(15);
  stand.put("load", "a", tsdb::stale_marker());
  EXPECT_EQ(stand.slot(), "RuleEvaluated AlertResolved(firing,no_series); RuleEvaluated AlertFired; RuleEvaluated AlertFired");
  stand.pass(15);
  stand.put("load", "a", 1);
  EXPECT_EQ(stand.slot(),
            "RuleEvaluated AlertResolved(firing,condition_false); RuleEvaluated AlertResolved(firing,condition_false)")
      << "an expression that reads nothing has nothing to lose";
}

TEST(rules, what_one_rule_records_the_next_one_reads_at_the_same_slot) {
  Stand stand({recording("job:up:sum", "sum by (job) (up)"), alerting("FewUp", "job:up:sum < 2")});
  stand.source.rules[0].labels = {{"team", "{{ shop }}"}};
  stand.restart();
  stand.put("up", "a", 1);
  EXPECT_EQ(stand.slot(), "RuleEvaluated AlertFired");
  EXPECT_EQ(stand.ask("job:up:sum"), "job:up:sum{job=\"web\", team=\"{{ shop }}\"} 1")
      << "labels of recording rules are no templates";
  stand.pass(15);
  stand.put("up", "a", tsdb::stale_marker());
  EXPECT_EQ(stand.slot(), "RuleEvaluated AlertResolved(firing,no_series)");
  EXPECT_EQ(stand.ask("job:up:sum"), "") << "a recorded series ends at the slot that has it no more";
}

TEST(rules, what_rules_have_in_common_is_no_older_than_what_the_group_wrote) {
  // Two read before the record is written, two after it: parts that read it are not shared, others are.
  Stand stand({recording("before:a", "sum(up) + sum(total:up)"), recording("total:up", "sum(up)"),
               recording("after:a", "sum(up) + sum(total:up)"), recording("after:b", "sum({__name__=\"total:up\"}) + sum(up)"),
               recording("alerts:a", "count(ALERTS) or vector(0)"), alerting("Up", "up == 1"),
               recording("alerts:b", "count(ALERTS) or vector(0)")});
  stand.put("up", "a", 1);
  stand.put("up", "b", 1);
  static_cast<void>(stand.slot());
  EXPECT_EQ(stand.ask("before:a"), "");
  EXPECT_EQ(stand.ask("after:a"), "after:a 4");
  EXPECT_EQ(stand.ask("after:b"), "after:b 4");
  EXPECT_EQ(stand.ask("alerts:a"), "alerts:a 0");
  EXPECT_EQ(stand.ask("alerts:b"), "alerts:b 2");
}

TEST(rules, what_info_reads_may_be_written_by_the_group) {
  RuleSource facts = recording("target_info", "sum by (instance, job) (up)");
  facts.labels = {{"version", "2"}};
  Stand stand({recording("before", "info(up)"), facts, recording("after", "info(up)")});
  stand.put("up", "a", 1);
  static_cast<void>(stand.slot());
  EXPECT_EQ(stand.ask("before"), "before{instance=\"a\", job=\"web\"} 1");
  EXPECT_EQ(stand.ask("after"), "after{instance=\"a\", job=\"web\", version=\"2\"} 1");
}

TEST(rules, each_alert_of_a_storm_has_the_samples_that_it_rests_on) {
  Stand stand({alerting("Low", "(up + load < 1000) or gone @ 1772360000")});
  stand.put(Labels({{"__name__", "gone"}, {"instance", "old"}, {"job", "web"}}), 5, Duration::minutes(107));
  for (int i = 0; i < 40; ++i) {
    stand.put("up", ("host" + std::to_string(i)).c_str(), i);
    stand.put("load", ("host" + std::to_string(i)).c_str(), 100 + i);
  }
  const Evaluation done = stand.evaluator->evaluate(stand.now, stand.head, stand.readiness);
  ASSERT_EQ(done.outcomes.size(), 1U);
  const auto& changes = done.outcomes[0].answers.at(0).changes;
  ASSERT_EQ(changes.size(), 41U);
  for (const ElementChange& change : changes) {
    const std::string host(change.element.get("instance"));
    if (host == "old") {
      ASSERT_EQ(change.samples.size(), 1U);
      EXPECT_EQ(change.samples[0].samples.at(0).value, "5");
      continue;
    }
    ASSERT_EQ(change.samples.size(), 2U) << host;
    EXPECT_EQ(change.samples[0].labels.get("__name__"), "up");
    EXPECT_EQ(change.samples[0].samples.at(0).value, host.substr(4));
    EXPECT_EQ(change.samples[1].labels.get("__name__"), "load");
    EXPECT_EQ(change.samples[1].samples.at(0).value, std::to_string(100 + std::stoi(host.substr(4))));
  }
}

TEST(rules, an_alert_about_a_fixed_time_has_the_samples_of_then) {
  for (const char* expression : {"max_over_time(gone[5m] @ 1772360000) > 1", "max_over_time(gone[5m:1m] @ 1772360000) > 1"}) {
    Stand stand({alerting("Was", expression)});
    stand.put(Labels({{"__name__", "gone"}, {"instance", "old"}, {"job", "web"}}), 5, Duration::minutes(107));
    const Evaluation done = stand.evaluator->evaluate(stand.now, stand.head, stand.readiness);
    ASSERT_EQ(done.outcomes.size(), 1U) << expression;
    const ElementChange& change = done.outcomes[0].answers.at(0).changes.at(0);
    ASSERT_EQ(change.samples.size(), 1U) << expression;
    EXPECT_EQ(change.samples[0].samples.at(0).value, "5") << expression;
  }
}

TEST(rules, histograms_are_recorded_and_an_alert_about_one_has_no_number) {
  Stand stand({recording("job:latency:sum", "sum by (job) (latency)"), alerting("Seen", "job:latency:sum")});
  histogram::Histogram latency;
  latency.positive = {{1, 2}, {2, 1}};
  latency.count = 3;
  latency.sum = 4.5;
  latency.reset_hint = histogram::ResetHint::gauge;
  const Labels labels({{"__name__", "latency"}, {"job", "web"}});
  ASSERT_TRUE(stand.head.append(labels, stand.now, latency));
  EXPECT_EQ(stand.slot(), "RuleEvaluated AlertFired");
  EXPECT_EQ(stand.ask("job:latency:sum"), "job:latency:sum{job=\"web\"} {count:3, sum:4.5, (1,2]:2, (2,4]:1}");
  EXPECT_EQ(stand.ask("histogram_quantile(1, job:latency:sum)"), "{job=\"web\"} 4");
  EXPECT_EQ(stand.last.outcomes.back().answers.front().changes.front().value, "0") << "as in Prometheus";
  stand.pass(15);
  ASSERT_TRUE(stand.head.append(labels, stand.now, tsdb::stale_marker()));
  EXPECT_EQ(stand.slot(), "RuleEvaluated AlertResolved(firing,no_series)");
  EXPECT_EQ(stand.ask("job:latency:sum"), "");
}

TEST(rules, texts_are_expanded_on_the_snapshot_of_the_decision) {
  RuleSource rule = alerting("DiskFull", "disk > 80");
  rule.labels = {{"severity", "{{ if gt $value 90.0 }}critical{{ else }}warning{{ end }}"}, {"team", "ops"}};
  rule.annotations = {{"summary", "{{ $labels.instance }} at {{ $value | humanize }}% of {{ $externalLabels.site }}"},
                      {"others", "{{ query \"count(disk)\" | first | value }}"},
                      {"broken", "{{ query \"nonsense(\" }}"}};
  Stand stand({rule});
  stand.put("disk", "a", 85);
  EXPECT_EQ(stand.slot(), "RuleEvaluated AlertFired");
  const core::alert::Alert alert = *stand.alerts().front();
  EXPECT_EQ(alert.labels.text(), "{alertname=\"DiskFull\", instance=\"a\", job=\"web\", severity=\"warning\", team=\"ops\"}");
  EXPECT_EQ(alert.annotations.at("summary"), "a at 85% of vie");
  EXPECT_EQ(alert.annotations.at("others"), "1");
  EXPECT_TRUE(alert.annotations.at("broken").starts_with("<error expanding template: ")) << alert.annotations.at("broken");
  EXPECT_EQ(alert.value, "85");
  stand.pass(15);
  stand.put("disk", "a", 95);
  EXPECT_EQ(stand.slot(), "RuleEvaluated AlertFired AlertResolved(firing,condition_false)")
      << "another severity is another alert";
}

TEST(rules, an_answer_that_was_not_recorded_is_told_again) {
  Stand stand({alerting("WebDown", "up == 0")});
  stand.put("up", "a", 0);
  const Evaluation lost = stand.evaluator->evaluate(stand.now, stand.head, stand.readiness);
  ASSERT_EQ(lost.outcomes.size(), 1U);
  stand.pass(15);
  EXPECT_EQ(stand.slot(), "RuleEvaluated AlertFired");
  stand.pass(15);
  EXPECT_EQ(stand.slot(), "");
}

TEST(rules, a_long_answer_is_split_into_parts_that_stand_alone) {
  Stand stand({alerting("WebDown", "up == 0")});
  for (int i = 0; i < 1200; ++i) stand.put("up", ("host" + std::to_string(i)).c_str(), 0);
  const Evaluation done = stand.evaluator->evaluate(stand.now, stand.head, stand.readiness);
  ASSERT_EQ(done.outcomes.size(), 1U);
  ASSERT_EQ(done.outcomes[0].answers.size(), 3U);
  EXPECT_EQ(done.outcomes[0].answers[2].changes.size(), 200U);
  EXPECT_EQ(stand.desk.ask(done.outcomes[0].answers[1]).substr(0, 24), "RuleEvaluated AlertFired");
  stand.evaluator->confirm(0, 1);
  stand.slot();
  EXPECT_EQ(stand.alerts().size(), 1200U) << "the two parts that were lost came again";
}

TEST(rules, an_early_look_raises_writes_nothing_and_resolves_nothing) {
  Stand stand({alerting("WebDown", "up == 0", 5)});
  stand.put("up", "a", 0);
  EXPECT_EQ(stand.look(), "RuleEvaluated AlertBecamePending");
  EXPECT_EQ(stand.ask("ALERTS"), "");
  stand.pass(3);
  stand.put("up", "a", 1);
  EXPECT_EQ(stand.look(), "");
  stand.pass(3);
  stand.put("up", "a", 0);
  EXPECT_EQ(stand.look(), "RuleEvaluated AlertFired") << "only a slot could have ended it";
  stand.pass(1);
  stand.put("up", "a", 1);
  EXPECT_EQ(stand.look(), "");
  EXPECT_EQ(stand.slot(), "RuleEvaluated AlertResolved(firing,condition_false)");
}

TEST(rules, early_looks_are_for_rules_that_read_no_rules) {
  GroupSource source;
  source.name = "g";
  for (const char* text : {"up == 0", "job:up:sum < 1", "ALERTS > 0", "{__name__=~\"job:.*\"} > 0", "{job=\"web\"} > 0",
                           "vector(1)", "http_errors{job=\"web\"} > 0", "up{job=\"db\"} == 0"}) {
    source.rules.push_back(alerting("A", text));
    source.rules.back().looks_early = true;
  }
  source.rules.push_back(recording("job:up:sum", "sum(up)"));
  auto group = compile(source);
  ASSERT_TRUE(group);
  std::vector<RuleGroup> groups;
  groups.push_back(std::move(*group));
  withdraw_early_looks_at_outputs(groups);
  std::string early;
  for (const Rule& rule : groups[0].rules) early += rule.looks_early ? '1' : '0';
  EXPECT_EQ(early, "100000110");
  const Labels web({{"instance", "a"}, {"job", "web"}});
  const std::vector<std::string> names{"process_cpu_seconds_total", "up"};
  EXPECT_EQ(early_readers(groups, web, names), (std::vector<RulePlace>{{0, 0}}));
}

TEST(rules, a_look_comes_at_the_leading_edge_then_at_most_once_per_debounce) {
  EarlyLooks looks(Duration::milliseconds(100));
  const std::vector<RulePlace> one{{0, 3}};
  const auto at = [](int ms) { return Instant{1000 + ms}; };
  looks.arrived(one, at(0));
  EXPECT_EQ(looks.take_due(at(0)), one);
  looks.arrived(one, at(10));
  looks.arrived(one, at(20));
  EXPECT_TRUE(looks.take_due(at(99)).empty());
  EXPECT_EQ(looks.next(), at(100));
  EXPECT_EQ(looks.take_due(at(100)), one);
  EXPECT_EQ(looks.next(), Instant::never());
  looks.arrived(one, at(500));
  EXPECT_EQ(looks.take_due(at(500)), one);
}

TEST(rules, a_restart_resolves_nothing) {
  Stand stand({alerting("WebDown", "up == 0"), alerting("Errors", "increase(errors[10m]) > 0")});
  stand.put("up", "a", 0);
  EXPECT_EQ(stand.slot(), "RuleEvaluated AlertFired");
  stand.pass(600);  // long enough that the store has nothing in reach
  stand.readiness.complete_since = stand.now;
  stand.readiness.unscraped_targets = {Labels({{"instance", "a"}, {"job", "web"}})};
  stand.restart();
  EXPECT_EQ(stand.slot(), "") << "nothing is loaded: absence means nothing";
  EXPECT_EQ(stand.ask("ALERTS"), "ALERTS{alertname=\"WebDown\", alertstate=\"firing\", instance=\"a\", job=\"web\"} 1")
      << "it fires on, with its old beginning";
  EXPECT_EQ(stand.ask("ALERTS_FOR_STATE"), "ALERTS_FOR_STATE{alertname=\"WebDown\", instance=\"a\", job=\"web\"} 1772366400");
  stand.pass(310);  // the lookback is loaded, but the target was not asked yet
  EXPECT_EQ(stand.slot(), "");
  stand.readiness.unscraped_targets = {Labels({{"instance", "z"}, {"job", "db"}})};
  EXPECT_EQ(stand.slot(), "") << "`up` reads every target";
  stand.readiness.unscraped_targets.clear();
  EXPECT_EQ(stand.slot(), "RuleEvaluated AlertResolved(firing,no_series)");
}

TEST(rules, an_inherited_alert_that_was_seen_again_resolves_at_once) {
  Stand stand({alerting("WebDown", "up == 0")});
  stand.put("up", "a", 0);
  stand.slot();
  stand.pass(20);
  stand.readiness.complete_since = stand.now;
  stand.restart();
  stand.put("up", "a", 0);
  EXPECT_EQ(stand.slot(), "");
  stand.pass(15);
  stand.put("up", "a", 1);
  EXPECT_EQ(stand.slot(), "RuleEvaluated AlertResolved(firing,condition_false)");
}

TEST(rules, an_inherited_alert_whose_series_is_well_since_the_start_resolves_at_once) {
  Stand stand(
      {alerting("WebDown", "up == 0"), alerting("Many", "count(up == 0) > 0"), alerting("Long", "max_over_time(up[2m]) == 0")});
  stand.put("up", "a", 0);
  stand.pass(60);
  stand.put("up", "a", 0);
  EXPECT_EQ(stand.slot(), "RuleEvaluated AlertFired; RuleEvaluated AlertFired; RuleEvaluated AlertFired");
  stand.pass(5);
  stand.put("up", "a", 1);
  stand.pass(5);
  stand.readiness.complete_since = stand.readiness.started = stand.now;
  stand.restart();
  EXPECT_EQ(stand.slot(), "") << "the sample is from before the start: what came after it may be lost";
  stand.pass(15);
  stand.put("up", "b", 1);
  EXPECT_EQ(stand.slot(), "") << "that is another series";
  stand.put("up", "a", 1);
  EXPECT_EQ(stand.slot(), "RuleEvaluated AlertResolved(firing,condition_false)")
      << "a count and a range need more than one sample";
}

TEST(rules, a_reload_neither_resolves_nor_resets) {
  Stand stand({alerting("WebDown", "up == 0", 30), alerting("Gone", "up == 0")});
  stand.put("up", "a", 0);
  EXPECT_EQ(stand.slot(), "RuleEvaluated AlertBecamePending; RuleEvaluated AlertFired");
  stand.pass(15);
  GroupSource changed = stand.source;
  changed.rules = {alerting("New", "up == 7"), alerting("WebDown", "up == 0 # the same", 30)};
  auto compiled = compile(changed);
  ASSERT_TRUE(compiled);
  auto next = std::make_unique<GroupEvaluator>(std::move(*compiled), stand.surroundings, stand.now);
  next->take_over(*stand.evaluator);
  stand.evaluator->end_series(stand.now, stand.head);
  stand.evaluator = std::move(next);
  EXPECT_EQ(stand.ask("ALERTS"), "ALERTS{alertname=\"WebDown\", alertstate=\"pending\", instance=\"a\", job=\"web\"} 1")
      << "the series of the rule that went have ended";
  EXPECT_EQ(stand.slot(), "");
  stand.pass(15);
  stand.put("up", "a", 0);
  EXPECT_EQ(stand.slot(), "RuleEvaluated AlertFired") << "`for` counts from the first slot";
}

// A new life counts on, by what the journal has; a slot that no life evaluated was not held.
TEST(rules, k_of_n_counts_slots_and_survives_restarts) {
  RuleSource rule = alerting("Flaps", "up == 0");
  rule.hysteresis.k_of_n = {3, 5};
  rule.looks_early = true;
  Stand stand({rule});
  EXPECT_FALSE(stand.evaluator->group().rules[0].looks_early);
  const auto slot = [&stand](double value) {
    stand.pass(15);
    stand.put("up", "a", value);
    return stand.slot();
  };
  EXPECT_EQ(slot(0), "RuleEvaluated AlertBecamePending");
  stand.restart();
  EXPECT_EQ(slot(1), "");
  stand.restart();
  EXPECT_EQ(slot(0), "RuleEvaluated(held)");
  stand.restart();
  stand.pass(30);  // two slots go by while nobody lives: the first one has left the window
  EXPECT_EQ(slot(0), "RuleEvaluated(held)");
  stand.restart();
  EXPECT_EQ(slot(0), "RuleEvaluated AlertFired");
  EXPECT_EQ(slot(1), "RuleEvaluated AlertResolved(firing,condition_false)");
}

TEST(rules, what_has_to_recover_fires_until_its_query_has_an_element_for_it) {
  RuleSource rule = alerting("Hot", "temperature > 50");
  rule.hysteresis.recover = "temperature < 30 or absent(temperature)";
  Stand stand({rule});
  stand.put("temperature", "a", 60);
  stand.put("temperature", "b", 60);
  EXPECT_EQ(stand.slot(), "RuleEvaluated AlertFired AlertFired");
  const auto slot = [&stand](double a, double b) {
    stand.pass(15);
    stand.put("temperature", "a", a);
    stand.put("temperature", "b", b);
    return stand.slot();
  };
  EXPECT_EQ(slot(40, 60), "RuleEvaluated(kept)") << "neither hot nor recovered";
  EXPECT_EQ(stand.ask("count(ALERTS)"), "{} 2");
  stand.restart();
  EXPECT_EQ(slot(40, 60), "") << "a restart is no recovery";
  EXPECT_EQ(slot(60, 60), "RuleEvaluated(returned)");
  EXPECT_EQ(slot(40, 29), "RuleEvaluated(kept) AlertResolved(firing,condition_false)") << "the element of b is not that of a";
  EXPECT_EQ(slot(tsdb::stale_marker(), 29), "") << "a series that is gone has not recovered …";
  EXPECT_EQ(slot(tsdb::stale_marker(), tsdb::stale_marker()), "RuleEvaluated AlertResolved(firing,no_series)")
      << "… unless the query says so";
}

TEST(rules, a_store_that_is_not_loaded_ends_no_alert_by_an_absence_in_recover) {
  RuleSource rule = alerting("Hot", "temperature > 50");
  rule.hysteresis.recover = "absent(heating)";
  Stand stand({rule});
  stand.put("temperature", "a", 60);
  stand.put("heating", "a", 1);
  EXPECT_EQ(stand.slot(), "RuleEvaluated AlertFired");
  stand.restart();
  stand.readiness.started = stand.now;
  stand.readiness.unscraped_targets = {Labels({{"instance", "stove"}, {"job", "web"}})};
  stand.pass(400);  // beyond what is looked back
  stand.put("temperature", "a", 40);
  EXPECT_EQ(stand.slot(), "RuleEvaluated(kept)") << "heating may only not have been asked yet";
  stand.put("temperature", "b", 60);
  EXPECT_EQ(stand.slot(), "RuleEvaluated AlertFired");
  stand.pass(15);
  stand.put("temperature", "b", 40);
  EXPECT_EQ(stand.slot(), "RuleEvaluated AlertResolved(firing,condition_false)")
      << "an alert of this life waits for nothing: its own absence would end it as well";
  stand.readiness.unscraped_targets.clear();
  EXPECT_EQ(stand.slot(), "RuleEvaluated AlertResolved(firing,condition_false)");
}

TEST(rules, an_old_sample_of_another_series_in_recover_ends_no_alert) {
  RuleSource rule = alerting("Hot", "temperature > 50");
  rule.hysteresis.recover = "fan == 1";
  Stand stand({rule});
  stand.put("temperature", "a", 60);
  stand.put("fan", "a", 1);
  EXPECT_EQ(stand.slot(), "RuleEvaluated AlertFired");
  stand.restart();
  stand.pass(15);
  stand.readiness.started = stand.readiness.complete_since = stand.now;
  stand.put("temperature", "a", 40);
  EXPECT_EQ(stand.slot(), "RuleEvaluated(kept)") << "that the fan stopped since may be what the store lost";
  stand.put("fan", "a", 1);
  EXPECT_EQ(stand.slot(), "RuleEvaluated AlertResolved(firing,condition_false)");
}

TEST(rules, a_change_of_hysteresis_keeps_what_is_pending_and_what_fires) {
  RuleSource flaps = alerting("Flaps", "up == 0");
  flaps.hysteresis.k_of_n = {3, 5};
  RuleSource hot = alerting("Hot", "temperature > 50");
  hot.hysteresis.recover = "temperature < 30";
  Stand stand({flaps, hot});
  stand.put("up", "a", 0);
  stand.put("temperature", "a", 60);
  EXPECT_EQ(stand.slot(), "RuleEvaluated AlertBecamePending; RuleEvaluated AlertFired");
  stand.pass(15);
  stand.put("temperature", "a", 40);
  EXPECT_EQ(stand.slot(), "RuleEvaluated(held); RuleEvaluated(kept)");
  stand.source.rules[0].hysteresis = {};
  stand.source.rules[1].hysteresis.recover = "temperature < 45";
  auto compiled = compile(stand.source);
  ASSERT_TRUE(compiled);
  auto next = std::make_unique<GroupEvaluator>(std::move(*compiled), stand.surroundings, stand.now);
  next->take_over(*stand.evaluator);
  stand.evaluator = std::move(next);
  stand.pass(15);
  EXPECT_EQ(stand.slot(), "RuleEvaluated AlertFired; RuleEvaluated AlertResolved(firing,condition_false)");
}

TEST(rules, a_recovery_that_samples_show_needs_no_loaded_store) {
  RuleSource rule = alerting("Hot", "temperature > 50");
  rule.hysteresis.recover = "temperature < 30";
  Stand stand({rule});
  stand.put("temperature", "a", 60);
  EXPECT_EQ(stand.slot(), "RuleEvaluated AlertFired");
  stand.restart();
  stand.pass(15);
  stand.readiness.started = stand.readiness.complete_since = stand.now;
  stand.put("temperature", "a", 20);
  EXPECT_EQ(stand.slot(), "RuleEvaluated AlertResolved(firing,condition_false)");
}

TEST(rules, a_recover_query_that_fails_changes_no_alert) {
  RuleSource rule = alerting("Hot", "temperature > 50");
  rule.hysteresis.recover = "temperature * on () up < 30";
  Stand stand({rule});
  stand.put("temperature", "a", 60);
  stand.put("up", "a", 1);
  stand.put("up", "b", 1);
  EXPECT_EQ(stand.slot(), "RuleEvaluated AlertFired");
  stand.pass(15);
  stand.put("temperature", "a", 20);
  EXPECT_EQ(stand.slot(), "RuleEvaluationFailed");
  EXPECT_TRUE(stand.evaluator->health(0).last_error.starts_with("recover: ")) << stand.evaluator->health(0).last_error;
  EXPECT_EQ(stand.alerts().front()->phase, AlertPhase::firing);
}

TEST(rules, a_failed_evaluation_changes_no_alert) {
  Stand stand({alerting("WebDown", "up == 0"), alerting("Two", "{__name__=~\"x|y\"} * on (instance) up == 7")});
  stand.put("up", "a", 0);
  EXPECT_EQ(stand.slot(), "RuleEvaluated AlertFired");
  EXPECT_FALSE(stand.evaluator->is_silent(stand.now + Duration::seconds(60)));
  EXPECT_TRUE(stand.evaluator->is_silent(stand.now + Duration::seconds(61)));
  stand.surroundings.options.limits.samples_max = 0;
  for (int i = 0; i < 20; ++i) {
    stand.pass(15);
    EXPECT_EQ(stand.slot(), i == 0 ? "RuleEvaluationFailed; RuleEvaluationFailed" : "");
    EXPECT_EQ(stand.last.failure_count, 2U);
  }
  EXPECT_TRUE(stand.evaluator->health(0).last_error.starts_with("too_many_samples"));
  EXPECT_TRUE(stand.evaluator->is_silent(stand.now));
  EXPECT_EQ(stand.alerts().front()->phase, AlertPhase::firing);
  stand.surroundings.options.limits.samples_max = 1000;
  stand.put("up", "a", 0);
  EXPECT_EQ(stand.slot(), "RuleEvaluated; RuleEvaluated") << "that they work again is recorded";
  EXPECT_EQ(stand.slot(), "");
  EXPECT_FALSE(stand.evaluator->is_silent(stand.now));
}

TEST(rules, equal_labels_and_too_many_elements_fail_the_rule) {
  RuleSource same = alerting("Same", "up == 0");
  same.labels = {{"instance", "all"}};
  Stand stand({same, recording("one", "label_replace(up, \"instance\", \"\", \"\", \"\")")});
  stand.source.limit = 2;
  stand.restart();
  stand.put("up", "a", 0);
  stand.put("up", "b", 0);
  stand.slot();
  ASSERT_EQ(stand.last.failure_count, 2U);
  EXPECT_EQ(stand.evaluator->health(0).last_error, "vector contains metrics with the same labelset after applying alert labels");
  Stand limited({alerting("Many", "up == 0")});
  limited.source.limit = 1;
  limited.restart();
  limited.put("up", "a", 0);
  EXPECT_EQ(limited.slot(), "RuleEvaluated AlertFired");
  limited.put("up", "b", 0);
  EXPECT_EQ(limited.slot(), "RuleEvaluationFailed");
  EXPECT_EQ(limited.evaluator->health(0).last_error, "exceeded limit of 1 with 2 alerts");
  EXPECT_EQ(limited.alerts().size(), 1U);
}

// Prometheus: rules/manager.go, Group.Eval: with what the rule's samples took to be written.
TEST(rules, each_is_measured_by_the_stopwatch_of_its_surroundings) {
  Stand stand({recording("one", "up"), alerting("Bad", "up * on (job) up"), recording("two", "up")});
  std::int64_t now_us = 0;
  stand.surroundings.rule_us_max = 0;  // else it is asked for that, too
  stand.surroundings.stopwatch_us = [&now_us, step = 100]() mutable { return now_us += step *= 2; };
  stand.put("up", "a", 0);
  stand.put("up", "b", 0);
  stand.slot();
  EXPECT_EQ(stand.evaluator->health(0).took_us, 400);
  EXPECT_EQ(stand.evaluator->health(1).took_us, 800) << "also one that fails";
  EXPECT_EQ(stand.evaluator->health(2).took_us, 1600);
  EXPECT_EQ(stand.last.took_us, 2800) << "all of them";
  stand.surroundings.stopwatch_us = nullptr;
  stand.slot();
  EXPECT_EQ(stand.evaluator->health(0).took_us, 0);
}

// Prometheus: query.timeout; ours is of all queries of a rule together.
TEST(rules, one_that_takes_too_long_has_failed_and_the_next_has_its_own_time) {
  Stand stand({recording("slow", "sum(up + up + up + up + up)"), recording("quick", "vector(5)")});
  for (int i = 0; i < 5000; ++i) stand.put("up", std::to_string(i).c_str(), 0);
  std::int64_t now_us = 0;
  stand.surroundings.rule_us_max = 1'000'000;
  stand.surroundings.stopwatch_us = [&now_us] { return now_us += 100; };
  stand.slot();
  EXPECT_EQ(stand.evaluator->health(0).last_error, "") << "each look at the stopwatch takes little of what it may";
  stand.surroundings.stopwatch_us = [&now_us] { return now_us += 1'000'001; };
  stand.pass(15);
  EXPECT_EQ(stand.slot(), "RuleEvaluationFailed");
  EXPECT_EQ(stand.last.failure_count, 1U);
  EXPECT_EQ(stand.evaluator->health(0).last_error, "out_of_time: the evaluation took longer than it may: 1s for a rule");
  EXPECT_EQ(stand.evaluator->health(1).last_error, "");
  EXPECT_EQ(stand.ask("quick"), "quick 5");
  stand.surroundings.rule_us_max = 0;
  stand.pass(15);
  stand.slot();
  EXPECT_EQ(stand.last.failure_count, 0U) << "no bound";
}

TEST(rules, a_label_whose_query_has_no_time_left_changes_no_alert) {
  RuleSource bad = alerting("Bad", "up == 0");
  bad.labels = {{"load", "{{ query \"load\" | first | value }}"}};
  bad.annotations = {{"load", "{{ query \"load\" | first | value }}"}};
  Stand stand({bad});
  stand.put("up", "a", 0);
  stand.put("load", "a", 3);
  std::int64_t now_us = 0, step_us = 100;
  stand.surroundings.rule_us_max = 1'000'000;
  stand.surroundings.stopwatch_us = [&] { return now_us += step_us; };
  EXPECT_EQ(stand.slot(), "RuleEvaluated AlertFired");
  stand.pass(15);
  step_us = 1'000'001;
  EXPECT_EQ(stand.slot(), "RuleEvaluationFailed") << "else it resolves, and one whose label is the error fires";
  EXPECT_EQ(stand.evaluator->health(0).last_error, "out_of_time: no time is left for a query of a template: 1s for a rule");
  ASSERT_EQ(stand.alerts().size(), 1U);
  EXPECT_EQ(stand.alerts().front()->phase, AlertPhase::firing);
  EXPECT_EQ(stand.alerts().front()->labels.get("load"), "3");
  stand.pass(15);
  step_us = 100;
  EXPECT_EQ(stand.slot(), "RuleEvaluated") << "that it works again is recorded";
  EXPECT_EQ(stand.alerts().size(), 1U);
}

TEST(rules, one_has_two_minutes_where_nobody_says_else) {
  Stand stand({recording("slow", "sum(up + up + up + up + up)")});
  for (int i = 0; i < 5000; ++i) stand.put("up", std::to_string(i).c_str(), 0);
  for (const std::int64_t took_us : {120'000'000, 120'000'001}) {
    int looked = 0;
    stand.surroundings.stopwatch_us = [&looked, took_us] { return ++looked <= 2 ? 0 : took_us; };  // the slot, the rule
    stand.slot();
    EXPECT_GT(looked, 3);
    EXPECT_EQ(stand.evaluator->health(0).last_error,
              took_us == 120'000'000 ? "" : "out_of_time: the evaluation took longer than it may: 2m for a rule");
    stand.pass(15);
  }
}

TEST(rules, a_query_of_a_label_that_ends_at_the_deadline_changes_no_alert) {
  RuleSource bad = alerting("Bad", "up == 0");
  bad.labels = {{"load", "{{ query \"sum(load + load + load + load + load)\" | first | value }}"}};
  Stand stand({bad});
  stand.put("up", "a", 0);
  for (int i = 0; i < 5000; ++i) stand.put("load", std::to_string(i).c_str(), 1);
  std::int64_t now_us = 0, step_us = 100;
  stand.surroundings.rule_us_max = 1'000'000;
  stand.surroundings.stopwatch_us = [&] { return now_us += step_us; };
  EXPECT_EQ(stand.slot(), "RuleEvaluated AlertFired");
  stand.pass(15);
  step_us = 600'000;  // there is time when it begins
  EXPECT_EQ(stand.slot(), "RuleEvaluationFailed");
  EXPECT_EQ(stand.evaluator->health(0).last_error, "out_of_time: the evaluation took longer than it may: 1s for a rule");
  ASSERT_EQ(stand.alerts().size(), 1U);
  EXPECT_EQ(stand.alerts().front()->labels.get("load"), "25000");
}

TEST(rules, what_is_asked_for_the_recovery_has_the_time_of_its_rule) {
  RuleSource hot = alerting("Hot", "temperature > 50");
  hot.hysteresis.recover = "sum(load + load + load + load + load) > 1";
  Stand stand({hot});
  stand.put("temperature", "a", 60);
  for (int i = 0; i < 5000; ++i) stand.put("load", std::to_string(i).c_str(), 1);
  EXPECT_EQ(stand.slot(), "RuleEvaluated AlertFired");
  stand.pass(15);
  stand.put("temperature", "a", 40);
  std::int64_t now_us = 0;
  stand.surroundings.rule_us_max = 1'000'000;
  stand.surroundings.stopwatch_us = [&now_us] { return now_us += 1'000'001; };
  EXPECT_EQ(stand.slot(), "RuleEvaluationFailed");
  EXPECT_EQ(stand.evaluator->health(0).last_error,
            "recover: out_of_time: the evaluation took longer than it may: 1s for a rule");
  EXPECT_EQ(stand.alerts().front()->phase, AlertPhase::firing);
}

TEST(rules, what_cannot_be_a_rule_is_refused_with_its_place) {
  const auto refusal = [](RuleSource rule) {
    GroupSource group;
    group.file = "f.yml";
    group.name = "g";
    group.rules = {std::move(rule)};
    const auto compiled = compile(group);
    return compiled ? std::string("compiled") : compiled.error().text();
  };
  EXPECT_NE(refusal(alerting("A", "up ==")).find("f.yml: group g: rule A"), std::string::npos);
  EXPECT_NE(refusal(alerting("A", "up[5m]")), "compiled");
  EXPECT_NE(refusal(recording("a b", "up")), "compiled");
  RuleSource broken = alerting("A", "up");
  broken.annotations = {{"summary", "{{ $lables.x }}"}};
  EXPECT_NE(refusal(broken).find("annotation summary"), std::string::npos);
  const auto hysteresis = [&refusal](RuleSource rule, const HysteresisConfiguration& what) {
    rule.hysteresis = what;
    return refusal(std::move(rule));
  };
  EXPECT_NE(hysteresis(alerting("A", "up"), {SlotsConfiguration{6, 5}, {}}).find("rule A: k_of_n"), std::string::npos);
  EXPECT_NE(hysteresis(alerting("A", "up"), {SlotsConfiguration{0, 5}, {}}).find("rule A: k_of_n"), std::string::npos);
  EXPECT_NE(hysteresis(alerting("A", "up"), {{}, "up =="}).find("rule A: recover"), std::string::npos);
  EXPECT_NE(hysteresis(alerting("A", "up"), {{}, "time()"}).find("rule A: recover"), std::string::npos);
  EXPECT_NE(hysteresis(recording("a", "up"), {{}, "up == 1"}).find("rule a: "), std::string::npos);
  EXPECT_EQ(hysteresis(alerting("A", "up"), {SlotsConfiguration{5, 5}, "up == 1"}), "compiled");
  EXPECT_EQ(refusal(alerting("A", "up")), "compiled");
}

TEST(slots, lie_at_a_stable_offset_and_each_is_given_once) {
  const Duration interval = Duration::seconds(15);
  const Duration offset = slot_offset("web.yml", "web", interval);
  EXPECT_EQ(offset, slot_offset("web.yml", "web", interval));
  EXPECT_NE(offset, slot_offset("web.yml", "db", interval));
  SlotClock clock(interval, Duration::seconds(5), Instant{100'000});
  EXPECT_EQ(clock.next(), Instant{110'000});
  EXPECT_EQ(SlotClock(interval, Duration::seconds(5), Instant{110'000}).next(), Instant{125'000});
  EXPECT_FALSE(clock.take_due(Instant{109'999}));
  EXPECT_EQ(clock.take_due(Instant{110'003}), Instant{110'000});
  EXPECT_FALSE(clock.take_due(Instant{110'004}));
  EXPECT_EQ(clock.take_due(Instant{156'000}), Instant{155'000});
  EXPECT_EQ(clock.missed_count(), 2U);
  EXPECT_EQ(clock.next(), Instant{170'000});
  EXPECT_EQ(silence_max(interval), Duration::seconds(60));
  EXPECT_EQ(silence_max(Duration::minutes(1)), Duration::minutes(3));
}

TEST(slots, the_query_lies_before_the_slot_by_its_offset) {
  Stand stand({recording("was", "x"), alerting("Late", "x > 1", 15)});
  stand.source.query_offset = Duration::seconds(30);
  stand.restart();
  stand.put("x", "a", 5);
  EXPECT_EQ(stand.slot(), "");
  stand.pass(30);
  stand.put("x", "a", 6);
  EXPECT_EQ(stand.slot(), "RuleEvaluated AlertBecamePending");
  EXPECT_EQ(stand.alerts().front()->value, "5");
  EXPECT_EQ(stand.alerts().front()->active_at, stand.now) << "`for` counts slots, not query times";
  EXPECT_EQ(stand.ask("was offset 30s"), "was{instance=\"a\", job=\"web\"} 5");
  EXPECT_EQ(stand.ask("timestamp(was)"), "{instance=\"a\", job=\"web\"} 1772366400");
}

}  // namespace
}  // namespace watchbill::metrics::rules
