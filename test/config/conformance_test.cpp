// Files of the field, read in place: every public rule file loads.
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>

#include <gtest/gtest.h>

#include "config/cases.h"
#include "core/route/tree.h"
#include "places.h"
#include "zone_bytes.h"

namespace watchbill::config {
namespace {

// Beside the checkout, or beside the folder of worktrees.
std::filesystem::path conformance(const std::string& name) {
  const std::filesystem::path beside = in_source("../shared/conformance/" + name);
  if (std::filesystem::exists(beside)) return beside;
  return in_source("../../shared/conformance/" + name);
}

std::string text_of_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// Zones of the files, on a host that has these two.
Loaded load_with_berlin(const std::string& text) {
  const std::string folder = "/usr/share/zoneinfo/";
  const std::string zone = ZoneBytes{{3600}, {}, vienna_footer}.text();
  const MemoryFiles files{{"/am.yml", text}, {folder + "Europe/Berlin", zone}, {folder + "CET", zone}};
  return check_alertmanager_file("/am.yml", reader_of(files));
}

TEST(conformance, every_public_rule_file_loads) {
  const std::filesystem::path folder = conformance("rules");
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no rule files at " << folder;
  std::size_t count = 0;
  std::map<std::string_view, std::size_t> warnings;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.path().extension() != ".yml") continue;
    const MemoryFiles files{{"/rules.yml", text_of_file(entry.path())}};
    const Loaded loaded = check_rule_files({"/rules.yml"}, reader_of(files));
    EXPECT_TRUE(loaded.configuration) << entry.path() << report_of(loaded);
    for (const Finding& finding : loaded.findings) {
      ++warnings[finding.code];
      EXPECT_EQ(finding.severity, Severity::warning) << entry.path() << finding.line();
    }
    ++count;
  }
  EXPECT_GE(count, 79U);
  // The last two were all looked at and are right, of the second a part (docs/decisions/lints.md). A lint that says more than
  // before is looked at again.
  const std::map<std::string_view, std::size_t> right{
      {"counter_not_initialised", 33}, {"label_lost", 175}, {"never_fires", 8}, {"never_matches", 3}};
  EXPECT_EQ(warnings, right);
}

// What Alertmanager takes is taken, and what it refuses is refused; what differs is named here.
TEST(conformance, public_alertmanager_files_are_judged_as_alertmanager_does) {
  const std::filesystem::path folder = conformance("alertmanager-config");
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no Alertmanager files at " << folder;
  const std::map<std::string, std::string> refused_by_us{
      // Younger than 0.25.
      {"example-route_labels.yml", "route.labels: this release does not have it"},
      // Alertmanager 0.25 takes month 13, which never comes; ours says so.
      {"own-time-months-13.yml", "months[0]: expected a number from 1 to 12, found 13"}};
  std::size_t refused_count = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.path().extension() != ".yml") continue;
    const Loaded loaded = load_with_berlin(text_of_file(entry.path()));
    const std::string name = entry.path().filename();
    if (entry.path().parent_path().filename() == "bad") {
      EXPECT_FALSE(loaded.configuration) << name;
    } else if (const auto refused = refused_by_us.find(name); refused != refused_by_us.end()) {
      EXPECT_FALSE(loaded.configuration) << name;
      EXPECT_NE(report_of(loaded).find(refused->second), std::string::npos) << name << ": " << report_of(loaded);
      ++refused_count;
    } else {
      const std::string expected = name == "example-simple.yml" ? "[passed_over]" : "ok\n";  // it has `tracing`
      EXPECT_TRUE(loaded.configuration && report_of(loaded).find(expected) != std::string::npos) << name << report_of(loaded);
    }
  }
  EXPECT_EQ(refused_count, refused_by_us.size());
}

// Of those about receivers and `global`: each is refused where it is wrong.
TEST(conformance, files_about_receivers_get_alertmanagers_verdict) {
  const std::filesystem::path folder = conformance("alertmanager-config");
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no Alertmanager files at " << folder;
  const std::string both = "global: expected at most one of the keys ";
  const std::map<std::string, std::string> verdicts{
      {"cli-conf.bad", "am.yml:1:1: error: "},
      {"conf.mattermost-both-webhook-url-and-file", both + "mattermost_webhook_url and mattermost_webhook_url_file"},
      {"conf.mattermost-no-webhook-url", "mattermost_configs[0]: expected one of the keys webhook_url and webhook_url_file"},
      {"conf.opsgenie-both-file-and-apikey", both + "opsgenie_api_key and opsgenie_api_key_file"},
      {"conf.opsgenie-default-apikey-old-team", "teams: unknown key"},
      {"conf.opsgenie-no-apikey", "opsgenie_configs[0]: expected one of the keys api_key and api_key_file"},
      {"conf.rocketchat-both-tokenid-and-tokenidfile", both + "rocketchat_token_id and rocketchat_token_id_file"},
      {"conf.slack-both-file-and-token", both + "slack_app_token and slack_app_token_file"},
      {"conf.slack-both-url-and-token", both + "slack_app_token and slack_api_url, and of their files"},
      {"conf.slack-update-message-and-webhook", "update_message: this release does not change messages"},
      {"conf.telegram-both-bot-token-and-file", both + "telegram_bot_token and telegram_bot_token_file"},
      {"conf.telegram-valid-receiver-both-bot-token-and-file", both + "telegram_bot_token and telegram_bot_token_file"},
      {"conf.victorops-both-file-and-apikey", both + "victorops_api_key and victorops_api_key_file"},
      {"conf.victorops-no-apikey", "victorops_configs[0]: expected one of the keys api_key and api_key_file"},
      {"conf.wechat-both-file-and-secret", both + "wechat_api_secret and wechat_api_secret_file"},
      {"conf.wechat-no-api-secret", "wechat_configs[0]: expected one of the keys api_secret and api_secret_file"},
      {"own-email-duplicate-header", "email_configs[0].headers: the header Subject is written twice"},
      {"own-email-no-from", "email_configs[0]: expected the key from, or smtp_from in global"},
      {"own-email-no-smarthost", "email_configs[0]: expected the key smarthost, or smtp_smarthost in global"},
      {"own-email-no-to", "email_configs[0]: the key to is required"},
      {"own-global-unknown-field", "global.timeout: unknown key"},
      {"own-pagerduty-no-key", "pagerduty_configs[0]: expected one of the keys routing_key"},
      {"own-receiver-unnamed", "receivers[1]: the key name is required"},
      {"own-resolve-timeout-bad", "global.resolve_timeout: expected a duration"},
      {"own-slack-no-url", "slack_configs[0]: expected one of the keys api_url and api_url_file, or slack_api_url in global"},
      {"own-webhook-authorization-basic", "authorization.type: basic is written as basic_auth"},
      {"own-webhook-bad-scheme", "webhook_configs[0].url: expected a URL such as"},
      {"own-webhook-no-url", "webhook_configs[0]: expected exactly one of the keys url and url_file"},
      {"own-webhook-two-passwords", "basic_auth: expected at most one of the keys password and password_file"},
      {"own-webhook-unknown-field", "webhook_configs[0].method: unknown key"}};
  for (const auto& [name, verdict] : verdicts) {
    const std::string report = report_of(load_with_berlin(text_of_file(folder / "bad" / (name + ".yml"))));
    EXPECT_NE(report.find(verdict), std::string::npos) << name << ": " << report;
  }
}

// Of those files that are about routes: good ones are taken whole, bad ones are refused for what is bad about them.
TEST(conformance, files_about_routes_and_matchers_get_alertmanagers_verdict) {
  const std::filesystem::path folder = conformance("alertmanager-config");
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no Alertmanager files at " << folder;
  const std::map<std::string, std::string> verdicts{
      {"bad/conf.nil-source_match_re-inhibition",
       "inhibit_rules[0].source_match_re.invalid_source_label: expected text, found nothing [wrong_type]"},
      {"bad/conf.nil-target_match_re-inhibition",
       "inhibit_rules[0].target_match_re.invalid_target_label: expected text, found nothing [wrong_type]"},
      {"bad/own-group-by-all-and-other", "route.group_by[0]: ... means all labels and stands alone [out_of_range]"},
      {"bad/own-group-by-duplicate", "route.group_by[1]: the label a is written twice [duplicate_name]"},
      {"bad/own-match-bad-label", "route.routes[0].match.a-b: \"a-b\" is no label name"},
      {"bad/own-match-re-bad", "route.routes[0].match_re.a: expected a regular expression (RE2), found \"(\": missing )"},
      {"bad/own-matcher-bad-label", "route.routes[0].matchers[0]: expected the name of a label"},
      {"bad/own-matcher-bad-regex", "route.routes[0].matchers[0]: expected a regular expression (RE2), found \"(\": missing )"},
      {"bad/own-matcher-inner-quote", "route.routes[0].matchers[0]: expected no double quote in the value, found \"b\\\"c\""},
      {"bad/own-matcher-no-operator", "route.routes[0].matchers[0]: expected =, !=, =~ or !~ behind the name a"},
      {"bad/own-matcher-not-a-list", "route.routes[0].matchers: expected a list of matchers"},
      {"bad/own-matcher-regex-lookahead", "route.routes[0].matchers[0]: expected a regular expression (RE2), found \"(?!x)\""},
      {"bad/own-matcher-unbalanced-quote", "route.routes[0].matchers[0]: expected a second \" behind the value"},
      {"bad/own-no-route", "the key route is required"},
      {"bad/own-repeat-interval-zero", "route.repeat_interval: expected a duration of more than 0"},
      {"bad/own-root-with-continue", "route.continue: expected false, found true"},
      {"bad/own-root-with-matchers", "route.matchers: expected none at the root route"},
      {"bad/own-route-unknown-receiver", "route.receiver: there is no receiver x"},
      {"bad/own-route-without-receiver", "route: the key receiver is required"},
      {"bad/own-subroute-unknown-receiver", "route.routes[0].receiver: there is no receiver x"},
      {"good/own-group-by-empty", "ok"},
      {"good/own-match-and-matchers", "ok"},
      {"good/own-match-number-value", "ok"},
      {"good/own-matcher-blanks", "ok"},
      {"good/own-matcher-double-equals", "ok"},
      {"good/own-matcher-empty-quoted", "ok"},
      {"good/own-matcher-empty-value", "ok"},
      {"good/own-matcher-not-equal", "ok"},
      {"good/own-matcher-not-regex", "ok"},
      {"good/own-matcher-quoted", "ok"},
      {"good/own-matcher-regex", "ok"},
      {"good/own-matcher-utf8-value", "ok"},
      {"good/own-subroute-inherits", "ok"},
      {"good/own-yaml-anchor-inside", "ok"}};
  for (const auto& [name, verdict] : verdicts) {
    const MemoryFiles files{{"/am.yml", text_of_file(folder / (name + ".yml"))}};
    const Loaded loaded = check_alertmanager_file("/am.yml", reader_of(files));
    const std::string report = report_of(loaded);
    if (verdict == "ok") EXPECT_EQ(report, "ok\n") << name;
    else EXPECT_NE(report.find(verdict), std::string::npos) << name << ": " << report;
  }
}

// Of those that are about time intervals the same, but for month 13.
TEST(conformance, files_about_time_intervals_get_alertmanagers_verdict) {
  const std::filesystem::path folder = conformance("alertmanager-config");
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no Alertmanager files at " << folder;
  const std::map<std::string, std::string> verdicts{
      {"bad/own-root-with-active", "route.active_time_intervals: expected none at the root route"},
      {"bad/own-time-active-undefined", "route.routes[0].active_time_intervals[0]: there is no time interval t [unknown_name]"},
      {"bad/own-time-days-32",
       "time_intervals[0].time_intervals[0].days_of_month[0]: expected a number from -31 to 31 but 0, found 32"},
      {"bad/own-time-days-negative-to-positive",
       "time_intervals[0].time_intervals[0].days_of_month[0]: the range begins at the end of the month"},
      {"bad/own-time-days-zero",
       "time_intervals[0].time_intervals[0].days_of_month[0]: expected a number from -31 to 31 but 0, found 0"},
      {"bad/own-time-duplicate-name", "time_intervals[1]: the time interval t is written twice [duplicate_name]"},
      {"bad/own-time-duplicate-old-and-new", "time_intervals[0]: the time interval t is written twice [duplicate_name]"},
      {"bad/own-time-location-wrong", "time_intervals[0].time_intervals[0].location: there "},
      {"bad/own-time-months-backwards",
       "time_intervals[0].time_intervals[0].months[0]: the range ends before it begins: march:january"},
      {"bad/own-time-times-25h",
       "time_intervals[0].time_intervals[0].times[0].end_time: expected a time of day from 00:00 to 24:00"},
      {"bad/own-time-times-backwards", "time_intervals[0].time_intervals[0].times[0]: expected end_time behind start_time"},
      {"bad/own-time-times-equal", "time_intervals[0].time_intervals[0].times[0]: expected end_time behind start_time"},
      {"bad/own-time-unnamed", "time_intervals[0]: the key name is required"},
      {"bad/own-time-weekday-backwards",
       "time_intervals[0].time_intervals[0].weekdays[0]: the range ends before it begins: friday:monday"},
      {"bad/own-time-weekday-wrong", "time_intervals[0].time_intervals[0].weekdays[0]: expected a day of the week"},
      {"bad/own-time-years-backwards",
       "time_intervals[0].time_intervals[0].years[0]: the range ends before it begins: 2026:2024"},
      {"good/own-time-empty-interval", "ok"},
      {"good/own-time-location", "ok"},
      {"good/own-time-months", "ok"},
      {"good/own-time-months-13", "time_intervals[0].time_intervals[0].months[0]: expected a number from 1 to 12, found 13"},
      {"good/own-time-old-section", "ok"},
      {"good/own-time-times", "ok"},
      {"good/own-time-weekdays", "ok"},
      {"good/own-time-years", "ok"}};
  for (const auto& [name, verdict] : verdicts) {
    const std::string report = report_of(load_with_berlin(text_of_file(folder / (name + ".yml"))));
    if (verdict == "ok") EXPECT_EQ(report, "ok\n") << name;
    else EXPECT_NE(report.find(verdict), std::string::npos) << name << ": " << report;
  }
}

// Source: Alertmanager's own test of amtool (cli/test_routing_test.go), as the README beside the files tells it.
TEST(conformance, alertmanagers_own_routings_lead_to_its_receivers) {
  const std::filesystem::path folder = conformance("alertmanager-config");
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no Alertmanager files at " << folder;
  const auto receivers_of = [&folder](const std::string& name, const std::string& value) {
    const MemoryFiles files{{"/am.yml", text_of_file(folder / "good" / (name + ".yml"))}};
    const Loaded loaded = check_alertmanager_file("/am.yml", reader_of(files));
    if (!loaded.configuration) return report_of(loaded);
    std::string out;
    const std::vector<RouteConfiguration>& routes = loaded.configuration->routing->routes;
    const core::route::RouteTree tree(routes);
    for (const std::uint32_t each : tree.match(Labels({{"test", value}}))) out += routes[each].receiver + " ";
    return out;
  };
  EXPECT_EQ(receivers_of("cli-conf.routing", "1"), "test1 ");
  EXPECT_EQ(receivers_of("cli-conf.routing", "2"), "test1 test2 ");
  EXPECT_EQ(receivers_of("cli-conf.routing", "other"), "default ");
  EXPECT_EQ(receivers_of("cli-conf.routing-reverted", "2"), "test2 test1 ");
}

}  // namespace
}  // namespace watchbill::config
