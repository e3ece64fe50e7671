// Inhibition rules as they are laid out, and their bounds. What is refused and warned of: test/data/config/alertmanager.cases.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "config/alertmanager_inhibition.h"
#include "config/cases.h"
#include "model/matcher/matcher.h"

namespace watchbill::config {
namespace {

Loaded load_rules(const std::string& rules) {
  const MemoryFiles files{{"/am.yml", "receivers: [{name: o}]\nroute: {receiver: o}\ninhibit_rules: " + rules}};
  return check_alertmanager_file("/am.yml", reader_of(files));
}

// One line for each: source > target by labels.
std::string lines_of(const std::string& rules) {
  const Loaded loaded = load_rules(rules);
  if (!loaded.configuration) return report_of(loaded);
  std::string out;
  for (const InhibitRuleConfiguration& each : loaded.configuration->routing->inhibit_rules) {
    out += text(each.source) + " > " + text(each.target);
    for (const std::string& label : each.equal) out += " " + label;
    out += "\n";
  }
  return out;
}

TEST(inhibition, all_spellings_of_a_side_come_together) {
  EXPECT_EQ(lines_of(R"(
- source_matchers: [severity=critical, '{team=~"a|b",x!=y}']
  source_match: {b: c, gone: }
  source_match_re: {a: x.*}
  target_matchers: ['"a.b"=c']
  target_match: {n: 5}
  target_match_re: {n: 5|6}
  equal: [cluster, alertname, cluster]
- {source_matchers: [a=b], target_matchers: [a!~b]}
)"),
            "{a=~\"^(?:x.*)$\",b=\"c\",gone=\"\",severity=\"critical\",team=~\"a|b\",x!=\"y\"} > "
            "{\"a.b\"=\"c\",n=\"5\",n=~\"^(?:5|6)$\"} alertname cluster\n"
            "{a=\"b\"} > {a!~\"b\"}\n");
}

TEST(inhibition, a_rule_that_inhibits_everything_is_taken) {
  EXPECT_EQ(lines_of("[{}, {source_matchers: [a=b]}]\n"), "{} > {}\n{a=\"b\"} > {}\n");
  EXPECT_EQ(lines_of("[]\n"), "");
}

TEST(inhibition, the_number_of_rules_is_bounded) {
  std::string rules = "\n";
  for (std::size_t i = 0; i < inhibit_rules_max; ++i) rules += "- {source_matchers: [a=b], target_matchers: [c=d]}\n";
  EXPECT_EQ(load_rules(rules).configuration->routing->inhibit_rules.size(), inhibit_rules_max);
  EXPECT_EQ(report_of(load_rules(rules + "- {source_matchers: [a=b], target_matchers: [c=d]}\n")),
            "/am.yml:4:1: error: inhibit_rules: 1001 inhibition rules; at most 1000 are read [too_large]\n");
}

TEST(inhibition, the_number_of_matchers_is_bounded) {
  std::string many = "a0=b";
  for (std::size_t i = 1; i < matcher_count_max; ++i) many += ",a" + std::to_string(i) + "=b";
  EXPECT_TRUE(load_rules("[{source_matchers: ['" + many + "'], target_matchers: [c=d]}]\n").configuration);
  EXPECT_EQ(
      report_of(load_rules("[{source_matchers: [c=d], target_matchers: ['" + many + "', c=d]}]\n")),
      "/am.yml:3:17: error: inhibit_rules[0]: 1001 target matchers at one rule; at most 1000 are read: a pattern with | says the "
      "same of several [too_large]\n");
}

}  // namespace
}  // namespace watchbill::config
