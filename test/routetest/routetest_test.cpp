// Tests of routes: what a file says is held against what the core's own tree does.
#include <gtest/gtest.h>

#include <map>

#include "routetest/difference.h"
#include "routetest/run.h"

namespace watchbill::routetest {
namespace {

constexpr const char* configuration = R"(
route:
  receiver: tickets
  group_by: [alertname]
  routes:
    - matchers: [severity="page"]
      receiver: pager
      mute_time_intervals: [nights]
      continue: true
    - matchers: [team="web"]
      receiver: web
receivers:
  - name: tickets
  - name: pager
  - name: web
inhibit_rules:
  - source_matchers: [alertname="HostDown"]
    target_matchers: [alertname!="HostDown"]
    equal: [instance]
time_intervals:
  - name: nights
    time_intervals: [{times: [{start_time: "22:00", end_time: "24:00"}]}]
)";

// Files of a test, by absolute path.
class Files {
 public:
  Files() { texts_["/w/alertmanager.yml"] = configuration; }
  void put(const std::string& path, std::string text) { texts_[path] = std::move(text); }
  [[nodiscard]] LoadedRouteTests load(const std::string& tests, const std::string& named = "") {
    put("/w/tests.yml", tests);
    config::LoadOptions options;
    options.working_directory = "/w";
    const config::FileReader files{[this](const std::string& path) -> Result<std::string> {
                                     const auto found = texts_.find(path);
                                     if (found == texts_.end()) return Error{ErrorKind::not_found, "read", path, "no such file"};
                                     return found->second;
                                   },
                                   [](const std::string& folder) -> Result<std::vector<std::string>> {
                                     return Error{ErrorKind::not_found, "list", folder, "no such folder"};
                                   }};
    return load_route_tests("tests.yml", named, files, options);
  }

 private:
  std::map<std::string, std::string> texts_;
};

std::string findings_of(const LoadedRouteTests& loaded) {
  std::string text;
  for (const config::Finding& finding : loaded.findings)
    if (finding.severity == config::Severity::error) text += finding.line() + "\n";
  return text;
}

// What the first test of the text says: "passed", or its differences.
std::string verdict_of(const std::string& test) {
  Files files;
  const LoadedRouteTests loaded = files.load("alertmanager_config: alertmanager.yml\ntests:\n  one: " + test + "\n");
  if (!loaded.file) return findings_of(loaded);
  const RouteVerdict verdict = run(loaded.file->routing, loaded.file->tests.front());
  std::string text;
  for (const std::string& difference : verdict.differences) text += (text.empty() ? "" : "; ") + difference;
  return verdict.has_passed ? "passed" : text;
}

TEST(route_tests, hold_who_is_told_against_what_is_expected) {
  EXPECT_EQ(verdict_of("{alert: {severity: ticket}, expect: {receivers: [tickets], muted_by: none}}"), "passed");
  EXPECT_EQ(verdict_of("{alert: {severity: page, team: web}, at: 2026-03-01T12:00:00Z, expect: {receivers: [web, pager]}}"),
            "passed") << "in any order";
  EXPECT_EQ(verdict_of("{alert: {severity: ticket}, expect: {receivers: [pager]}}"),
            "receivers: expected [pager], got [tickets]");
}

TEST(route_tests, know_the_time_of_day) {
  EXPECT_EQ(verdict_of("{alert: {severity: page, team: web}, at: 2026-03-01T23:00:00Z, "
                       "expect: {receivers: [web], muted_by: time_interval}}"),
            "passed");
  EXPECT_EQ(verdict_of("{alert: {severity: page}, at: 2026-03-01T23:00:00Z, expect: {receivers: [pager], muted_by: none}}"),
            "receivers: expected [pager], got []; muted_by: expected none, got time_interval nights");
  EXPECT_EQ(verdict_of("{alert: {severity: page}, expect: {receivers: [pager]}}"),
            "at: expected an instant: a route that the alert takes has time intervals");
}

TEST(route_tests, know_what_inhibits_and_what_is_silenced) {
  EXPECT_EQ(verdict_of("{alert: {alertname: Slow, instance: a}, firing: [{alertname: HostDown, instance: a}], "
                       "expect: {receivers: [], muted_by: inhibition}}"),
            "passed");
  EXPECT_EQ(verdict_of("{alert: {alertname: Slow, instance: b}, firing: [{alertname: HostDown, instance: a}], "
                       "expect: {receivers: [], muted_by: inhibition}}"),
            "receivers: expected [], got [tickets]; muted_by: expected inhibition, got none");
  EXPECT_EQ(verdict_of("{alert: {alertname: HostDown, instance: a}, expect: {muted_by: none}}"), "passed")
      << "an alert does not inhibit itself";
  EXPECT_EQ(verdict_of("{alert: {team: web}, at: 2026-03-01T12:00:00Z, silences: [['team=~\"w.*\"'], ['team=db']], "
                       "expect: {muted_by: silence, receivers: []}}"),
            "passed");
}

TEST(route_tests, a_wrong_file_is_told_with_its_place) {
  Files files;
  const auto told = [&](const std::string& text) { return findings_of(files.load(text)); };
  EXPECT_NE(told("tests: {}\n").find("alertmanager_config: expected the path of the Alertmanager file"), std::string::npos);
  EXPECT_NE(told("alertmanager_config: gone.yml\ntests: {}\n").find("gone.yml"), std::string::npos);
  const std::string head = "alertmanager_config: alertmanager.yml\ntests:\n  one: ";
  EXPECT_NE(told(head + "{alert: {a: b}}\n").find("tests.yml:3:8: error: tests.one"), std::string::npos);
  EXPECT_NE(told(head + "{alert: {a: b}, expect: {}}\n").find("at least one of the keys receivers and muted_by"),
            std::string::npos);
  EXPECT_NE(told(head + "{alert: {a: b}, at: noon, expect: {receivers: []}}\n").find("expected an instant such as"),
            std::string::npos);
  EXPECT_NE(told(head + "{alert: {a: b}, expect: {muted_by: silense}}\n").find("silence"), std::string::npos);
  const std::string at_noon = head + "{alert: {a: b}, at: 2026-03-01T12:00:00Z, ";
  EXPECT_NE(told(at_noon + "silences: [[]], expect: {receivers: []}}\n").find("would mute everything"), std::string::npos);
  EXPECT_NE(told(head + "{alert: {a: b}, silences: [[a=b]], expect: {receivers: []}}\n").find("expected the key at"),
            std::string::npos);
}

TEST(route_tests, another_configuration_may_take_the_named_ones_place) {
  Files files;
  files.put("/w/other.yml", "route: {receiver: all}\nreceivers: [{name: all}]\n");
  const LoadedRouteTests loaded = files.load("tests:\n  one: {alert: {a: b}, expect: {receivers: [all]}}\n", "/w/other.yml");
  ASSERT_TRUE(loaded.file) << findings_of(loaded);
  EXPECT_TRUE(run(loaded.file->routing, loaded.file->tests.front()).has_passed);
}

// Two routings and a night of alerts.
class Night {
 public:
  explicit Night(const std::string& changed) {
    Files files;
    files.put("/w/changed.yml", changed);
    const std::string test = "tests:\n  one: {alert: {a: b}, expect: {receivers: []}}\n";
    before_ = files.load(test, "/w/alertmanager.yml").file->routing;
    after_ = files.load(test, "/w/changed.yml").file->routing;
    comparison_.emplace(before_, after_);
  }
  void fire(const std::string& id, const Labels& labels, Instant at) {
    AlertFired fired;
    fired.alert = AlertId{id};
    fired.labels = labels;
    fired.at = at;
    comparison_->take(fired, since);
  }
  void end(const std::string& id) {
    AlertResolved resolved;
    resolved.alert = AlertId{id};
    comparison_->take(resolved, since);
  }
  void silence(const std::string& id, std::vector<LabelMatcher> matchers, Instant from, Instant until) {
    SilenceCreated created;
    created.silence = SilenceId{id};
    created.matchers = std::move(matchers);
    created.starts_at = from;
    created.ends_at = until;
    comparison_->take(created, since);
  }
  [[nodiscard]] std::string text() const {
    std::string text;
    for (const Difference& each : comparison_->differences())
      text += std::string(each.is_told_now ? "+" : "-") + each.receiver + " " + each.alert + " x" + std::to_string(each.count) +
              ", " + each.why + "\n";
    return text;
  }
  Instant since;

 private:
  RoutingConfiguration before_, after_;
  std::optional<Comparison> comparison_;
};

constexpr Instant noon{1'772'366'400'000};  // 2026-03-01T12:00:00Z
const Labels page(std::vector<Labels::Pair>{{"severity", "page"}});

TEST(route_diff, says_who_is_told_more_and_who_less) {
  Night night("route: {receiver: tickets, routes: [{matchers: [severity=\"page\"], receiver: web}]}\n"
              "receivers: [{name: tickets}, {name: web}]\n");
  night.fire("1", page, noon);
  night.end("1");
  night.fire("1", page, noon + Duration::hours(1));
  night.fire("2", Labels(std::vector<Labels::Pair>{{"severity", "ticket"}}), noon);
  EXPECT_EQ(night.text(),
            "-pager {severity=\"page\"} x2, no route leads there\n+web {severity=\"page\"} x2, no route leads there\n");
}

TEST(route_diff, counts_what_mutes) {
  Night night("route: {receiver: tickets, routes: [{matchers: [severity=\"page\"], receiver: pager}]}\n"
              "receivers: [{name: tickets}, {name: pager}]\n");
  night.fire("1", page, noon + Duration::hours(11));
  EXPECT_EQ(night.text(), "+pager {severity=\"page\"} x1, time_interval nights\n");
  const Labels slow(std::vector<Labels::Pair>{{"alertname", "Slow"}, {"instance", "a"}});
  night.fire("2", Labels(std::vector<Labels::Pair>{{"alertname", "HostDown"}, {"instance", "a"}}), noon);
  night.fire("3", slow, noon);
  EXPECT_NE(night.text().find("+tickets {alertname=\"Slow\", instance=\"a\"} x1, inhibition by 2"), std::string::npos);
}

TEST(route_diff, what_is_silenced_either_way_is_no_difference) {
  Night night("route: {receiver: all}\nreceivers: [{name: all}]\n");
  night.silence("s", {{MatcherKind::equal, "severity", "page"}}, noon, noon + Duration::hours(1));
  night.fire("1", page, noon + Duration::minutes(59));
  EXPECT_EQ(night.text(), "");
  night.fire("2", page, noon + Duration::hours(1));
  EXPECT_NE(night.text(), "") << "it has ended";
}

TEST(route_diff, what_fired_before_is_no_difference_and_inhibits) {
  Night night("route: {receiver: tickets}\nreceivers: [{name: tickets}]\n");
  night.since = noon;
  night.fire("1", page, noon - Duration{1});
  EXPECT_EQ(night.text(), "");
  night.fire("2", Labels(std::vector<Labels::Pair>{{"alertname", "HostDown"}, {"instance", "a"}}), noon - Duration{1});
  night.fire("3", Labels(std::vector<Labels::Pair>{{"alertname", "Slow"}, {"instance", "a"}}), noon);
  EXPECT_NE(night.text().find("inhibition by 2"), std::string::npos);
}

}  // namespace
}  // namespace watchbill::routetest
