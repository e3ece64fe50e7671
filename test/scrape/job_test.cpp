// Targets of a job: labels, address, URL and limits as Prometheus makes them of what was found.
#include "drivers/scrape/job.h"

#include <gtest/gtest.h>

namespace watchbill::drivers::scrape {
namespace {

RelabelConfiguration replace(std::vector<std::string> sources, const std::string& target, const std::string& replacement = "$1") {
  RelabelConfiguration out;
  out.source_labels = std::move(sources);
  out.target_label = target;
  out.replacement = replacement;
  return out;
}

class JobOf : public ::testing::Test {
 protected:
  JobOf() {
    written_.job = "web";
    written_.params = {{"module", {"a b"}}};
    written_.scrape_interval = Duration::seconds(15);
  }
  JobTargets targets(std::vector<std::string> addresses, const Labels& labels = {}) {
    auto job = compile(written_);
    EXPECT_TRUE(job);
    const std::vector<StaticTargets> groups{{labels, std::move(addresses)}};
    return targets_of(*job, groups);
  }
  static std::vector<std::string> names_of(const JobTargets& found) {
    std::vector<std::string> names;
    for (const FoundTarget& each : found.active) names.push_back(each.target.labels.text());
    return names;
  }
  using Names = std::vector<std::string>;

  ScrapeConfiguration written_;
};

TEST_F(JobOf, a_target_has_the_port_of_its_scheme_and_the_labels_of_its_group) {
  const JobTargets found = targets({"a:9100", "b", "[::1]", "[::1]:9100"}, Labels({{"instance", ""}, {"rack", "7"}}));
  EXPECT_EQ(names_of(found), (Names{R"({instance="a:9100", job="web", rack="7"})", R"({instance="b:80", job="web", rack="7"})",
                                    R"({instance="[::1]:80", job="web", rack="7"})",
                                    R"({instance="[::1]:9100", job="web", rack="7"})"}));
  EXPECT_EQ(found.active[1].target.url, "http://b:80/metrics?module=a%20b");
  EXPECT_EQ(found.active[1].discovered.get("__address__"), "b");
  EXPECT_EQ(found.active[1].discovered.get("__param_module"), "a b");
  written_.scheme = "https";
  EXPECT_EQ(targets({"b"}).active[0].target.url, "https://b:443/metrics?module=a%20b");
}

TEST_F(JobOf, labels_of_a_group_win_over_job_and_instance) {
  const JobTargets found = targets({"a:1"}, Labels({{"instance", "both"}, {"job", "other"}}));
  EXPECT_EQ(names_of(found), (Names{R"({instance="both", job="other"})"}));
  EXPECT_EQ(found.active.front().job, "web") << "where it was written";
}

TEST_F(JobOf, of_two_equal_targets_one_is_asked_and_one_with_another_address_is_told_of) {
  EXPECT_EQ(targets({"a:1", "a:1"}).failures, Names{});
  const JobTargets found = targets({"a:1", "a:2"}, Labels({Labels::Pair{"instance", "both"}}));
  EXPECT_EQ(found.active.size(), 1U);
  EXPECT_EQ(found.failures, Names{R"(job web: target a:2: another target has the labels {instance="both", job="web"} already; )"
                                  "it is not scraped"});
}

// The best known rules of all: a prober is asked about the targets.
TEST_F(JobOf, rules_turn_addresses_into_parameters) {
  written_.metrics_path = "/probe";
  written_.relabel = {replace({"__address__"}, "__param_target"), replace({"__param_target"}, "instance"),
                      replace({}, "__address__", "prober:9115")};
  const JobTargets found = targets({"https://example.org/a?b=c"});
  ASSERT_EQ(found.failures, Names{});
  EXPECT_EQ(names_of(found), (Names{R"({instance="https://example.org/a?b=c", job="web"})"}));
  EXPECT_EQ(found.active[0].target.url, "http://prober:9115/probe?module=a%20b&target=https%3A%2F%2Fexample.org%2Fa%3Fb%3Dc");
}

TEST_F(JobOf, rules_may_change_scheme_path_times_and_parameters) {
  written_.relabel = {replace({}, "__scheme__", "https"),           replace({"__meta_path"}, "__metrics_path__"),
                      replace({}, "__scrape_interval__", "1m"),     replace({}, "__scrape_timeout__", "20s"),
                      replace({}, "__param_module", "other"),       replace({"__meta_path"}, "__tmp_x"),
                      replace({"__tmp_x"}, "path")};
  const JobTargets found = targets({"a"}, Labels({{"__meta_path", "/m"}, {"__private", "x"}}));
  ASSERT_EQ(names_of(found), (Names{R"({instance="a:443", job="web", path="/m"})"})) << "what begins with __ goes";
  EXPECT_EQ(found.active[0].target.url, "https://a:443/m?module=other");
  EXPECT_EQ(found.active[0].target.interval, Duration::minutes(1));
  EXPECT_EQ(found.active[0].target.timeout, Duration::seconds(20));
  EXPECT_EQ(found.active[0].discovered.text(),
            R"({__address__="a", __meta_path="/m", __metrics_path__="/metrics", __param_module="a b", __private="x", )"
            R"(__scheme__="http", __scrape_interval__="15s", __scrape_timeout__="10s", job="web"})");
}

TEST_F(JobOf, what_is_dropped_is_remembered_as_it_was_found) {
  RelabelConfiguration keep;
  keep.action = RelabelAction::keep;
  keep.source_labels = {"__address__"};
  keep.regex = "a:.*";
  written_.relabel = {replace({}, "x", "y"), keep};
  const JobTargets found = targets({"a:1", "b:1"});
  EXPECT_EQ(names_of(found), (Names{R"({instance="a:1", job="web", x="y"})"}));
  ASSERT_EQ(found.dropped.size(), 1U);
  EXPECT_EQ(found.dropped[0].get("__address__"), "b:1");
  EXPECT_FALSE(found.dropped[0].has("x"));
}

TEST_F(JobOf, what_is_no_target_after_the_rules_is_told_of) {
  const auto failure = [this](const RelabelConfiguration& rule) {
    written_.relabel = {rule};
    const JobTargets found = targets({"a"});
    EXPECT_TRUE(found.active.empty());
    return found.failures.empty() ? "" : found.failures.front();
  };
  EXPECT_EQ(failure(replace({}, "__address__", "")), "job web: target a: there is no __address__");
  EXPECT_EQ(failure(replace({}, "__address__", "b/c")), "job web: target a: expected HOST:PORT as __address__, found \"b/c:80\"");
  EXPECT_EQ(failure(replace({}, "__scheme__", "ftp")), "job web: target a: expected http or https as __scheme__, found \"ftp\"");
  EXPECT_EQ(failure(replace({}, "__scrape_interval__", "0s")),
            "job web: target a: expected a duration of more than 0, found \"0s\"");
  EXPECT_EQ(failure(replace({}, "__scrape_timeout__", "1h")),
            "job web: target a: __scrape_timeout__ 1h is longer than __scrape_interval__ 15s");
}

TEST_F(JobOf, more_targets_than_allowed_fail_them_all) {
  written_.limits.target_count_max = 1;
  EXPECT_EQ(targets({"a"}).active[0].target.refused, "");
  const JobTargets found = targets({"a", "b"});
  for (const FoundTarget& each : found.active)
    EXPECT_EQ(each.target.refused, "target_limit exceeded (number of targets: 2, limit: 1)");
  EXPECT_EQ(found.active.size(), 2U);
}

TEST_F(JobOf, a_body_of_the_limit_is_too_large_already) {
  written_.limits.body_bytes = 100;
  EXPECT_EQ(targets({"a"}).active[0].target.body_bytes_max, 99U);
}

}  // namespace
}  // namespace watchbill::drivers::scrape
