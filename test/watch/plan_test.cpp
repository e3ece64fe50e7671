// What a bill asks of the metrics path: early looks, who reads our own series.
#include "app/watch/metrics_plan.h"

#include <gtest/gtest.h>

namespace watchbill::app::watch {
namespace {

RuleGroupConfiguration group_of(std::vector<RuleConfiguration> rules) {
  RuleGroupConfiguration group;
  group.file = "/rules.yml";
  group.name = "g";
  group.rules = std::move(rules);
  return group;
}

RuleConfiguration alerting(const std::string& name, const std::string& expression) {
  RuleConfiguration rule;
  rule.alert = name;
  rule.expression = expression;
  return rule;
}

bool reads(const MetricsPlan& plan, const std::string& job, const std::string& name) {
  return plan.reads(Labels({{"instance", "x"}, {"job", job}}), name);
}

TEST(plan, only_bound_alerts_are_looked_at_early_unless_the_bill_says_otherwise) {
  Configuration configuration;
  configuration.rule_groups = {
      group_of({alerting("Bound", "up == 0"), alerting("Unbound", "up == 0"), alerting("Other", "up == 0")})};
  configuration.runbooks.bindings["Bound"].mitigation = "restart";
  configuration.runbooks.bindings["Unbound"].unbound = "by hand";
  const auto looks = [&configuration](EarlyLooks early) {
    configuration.evaluation.early = early;
    const auto plan = plan_metrics(configuration);
    std::string out;
    for (const auto& rule : plan->groups.front().rules) out += rule.looks_early ? rule.name + " " : "";
    return out;
  };
  EXPECT_EQ(looks(EarlyLooks::bound), "Bound ");
  EXPECT_EQ(looks(EarlyLooks::all), "Bound Unbound Other ");
  EXPECT_EQ(looks(EarlyLooks::none), "");
  configuration.hysteresis["Bound"].k_of_n = {3, 5};
  configuration.hysteresis["Other"].recover = "up == 1";
  EXPECT_EQ(looks(EarlyLooks::all), "Unbound Other ") << "an early look is no slot";
}

TEST(plan, the_bill_adds_hysteresis_to_the_rules_of_its_alerts) {
  Configuration configuration;
  configuration.rule_groups = {group_of({alerting("A", "node_load1 > 5"), alerting("B", "node_load1 > 6")})};
  configuration.hysteresis["A"] = {SlotsConfiguration{2, 3}, "watchbill_holds{job=\"watchbill\"} == 0"};
  const auto plan = plan_metrics(configuration);
  ASSERT_TRUE(plan);
  const auto& rules = plan->groups.front().rules;
  ASSERT_TRUE(rules[0].timing.count && rules[0].recovery);
  EXPECT_EQ(rules[0].timing.count->held, 2U);
  EXPECT_EQ(rules[0].timing.count->window, Duration::minutes(3));
  EXPECT_FALSE(rules[1].timing.count || rules[1].recovery);
  EXPECT_TRUE(reads(*plan, "watchbill", "watchbill_holds")) << "our own series that only a recover query reads are kept";
}

TEST(plan, our_own_series_are_read_by_rules_probes_and_conditions_of_runbooks) {
  Configuration configuration;
  configuration.rule_groups = {group_of({alerting("A", "node_load1{job=\"node\"} > 5")})};
  ProbeConfiguration probe;
  probe.kind = ProbeKind::query;
  probe.target = "watchbill_holds == 0";
  configuration.supervision.workloads["web"].ready = probe;
  ConfiguredStep step;
  step.verify.emplace().action = {{{"query", PlanValue("probe_success{job=\"web\"} == 1")}}, false, false, ActionKind::query};
  configuration.runbooks.runbooks["r"].steps = {step};
  const auto plan = plan_metrics(configuration);
  ASSERT_TRUE(plan);
  EXPECT_TRUE(reads(*plan, "node", "node_load1"));
  EXPECT_FALSE(reads(*plan, "watchbill", "node_load1"));
  EXPECT_FALSE(reads(*plan, "node", "node_load5"));
  EXPECT_TRUE(reads(*plan, "watchbill", "watchbill_holds"));
  EXPECT_TRUE(reads(*plan, "web", "probe_success"));
  EXPECT_FALSE(reads(*plan, "mail", "probe_success"));
}

TEST(plan, a_condition_that_is_a_template_may_read_everything) {
  Configuration configuration;
  ConfiguredStep step;
  step.verify.emplace().action = {{{"query", PlanValue("up{job=\"{{ .Params.job }}\"} == 1")}}, false, false,
                                  ActionKind::query};
  configuration.runbooks.runbooks["r"].steps = {step};
  const auto plan = plan_metrics(configuration);
  ASSERT_TRUE(plan);
  EXPECT_TRUE(reads(*plan, "any", "thing"));
}

TEST(plan, a_rule_that_cannot_be_read_is_an_error) {
  Configuration configuration;
  configuration.rule_groups = {group_of({alerting("A", "up ==")})};
  EXPECT_FALSE(plan_metrics(configuration));
}

}  // namespace
}  // namespace watchbill::app::watch
