// The files of Prometheus and Alertmanager without a bill: what they become, and what status/config shows of them.
#include <gtest/gtest.h>

#include "config/cases.h"
#include "config/load.h"
#include "config/prometheus_text.h"

namespace watchbill::config {
namespace {

Loaded load(const std::string& prometheus, const LoadOptions& options = {}) {
  return load_neighbours({"/etc/prometheus.yml", ""}, reader_of({{"/etc/prometheus.yml", prometheus}}), options);
}

std::string report(const Loaded& loaded) {
  std::string out;
  for (const Finding& finding : loaded.findings) out += finding.line() + "\n";
  return out;
}

TEST(neighbour_files, an_empty_file_is_one_without_keys) {
  const Loaded loaded = load("");
  ASSERT_TRUE(loaded.configuration) << report(loaded);
  EXPECT_EQ(loaded.prometheus_text, "global:\n  scrape_interval: 1m\n  scrape_timeout: 10s\n  evaluation_interval: 1m\n");
  EXPECT_EQ(loaded.configuration->access.compatible, CompatibleAccess::open);
  EXPECT_EQ(loaded.configuration->evaluation.early, EarlyLooks::none);
  EXPECT_EQ(loaded.configuration->data, "/data");
}

TEST(neighbour_files, one_that_is_not_there_is_named) {
  const Loaded loaded = load_neighbours({"/etc/nothing.yml", ""}, reader_of({}));
  EXPECT_FALSE(loaded.configuration);
  EXPECT_NE(report(loaded).find("file_unreadable"), std::string::npos) << report(loaded);
}

TEST(neighbour_files, other_alertmanagers_are_told_and_we_are_not) {
  LoadOptions options;
  options.own_addresses = {"127.0.0.1:9911", "127.0.0.1:9093"};
  const Loaded loaded = load(R"(alerting:
  alert_relabel_configs: [{regex: replica, action: labeldrop}]
  alertmanagers:
  - static_configs: [{targets: ['localhost:9093']}]
  - scheme: https
    path_prefix: am/
    timeout: 3s
    basic_auth: {username: u, password_file: /etc/p}
    static_configs: [{targets: ['localhost:9093', 'am.example:443']}]
)", options);
  ASSERT_TRUE(loaded.configuration) << report(loaded);
  const AlertingConfiguration& alerting = loaded.configuration->alerting;
  ASSERT_EQ(alerting.alertmanagers.size(), 2U) << "our own address without a path is this program";
  EXPECT_EQ(alerting.alertmanagers[0].address, "localhost:9093");
  EXPECT_EQ(alerting.alertmanagers[1].address, "am.example:443");
  EXPECT_EQ(alerting.alertmanagers[1].path_prefix, "/am");
  EXPECT_EQ(alerting.alertmanagers[1].scheme, "https");
  EXPECT_EQ(alerting.alertmanagers[1].timeout, Duration::seconds(3));
  EXPECT_EQ(alerting.alertmanagers[1].client.username, "u");
  EXPECT_EQ(alerting.relabel.size(), 1U);
  EXPECT_TRUE(
      load("alerting:\n  alertmanagers:\n  - static_configs:\n    - targets:\n      # - alertmanager:9093\n").configuration)
      << "the example that Prometheus comes with";
  EXPECT_EQ(
      report(load("alerting: {alertmanagers: [{dns_sd_configs: [], static_configs: [{targets: ['http://am:9093']}]}]}\n")),
      "/etc/prometheus.yml:1:29: error: alerting.alertmanagers[0].dns_sd_configs: this release does not have it "
      "[not_yet_supported]\n"
      "/etc/prometheus.yml:1:77: error: alerting.alertmanagers[0].static_configs[0].targets[0]: expected HOST:PORT; scheme and "
      "path_prefix are keys, found \"http://am:9093\" [wrong_type]\n");
}

TEST(neighbour_files, say_how_late_samples_may_come) {
  const Loaded loaded = load("storage: {tsdb: {out_of_order_time_window: 30m}}\n");
  ASSERT_TRUE(loaded.configuration) << report(loaded);
  EXPECT_EQ(loaded.configuration->storage.out_of_order_window, Duration::minutes(30));
  EXPECT_EQ(loaded.configuration->storage.retention, Duration::hours(24));
  EXPECT_EQ(report(load("storage: {tsdb: {out_of_order_time_window: 2d, head: 1}, exemplars: {max_exemplars: 5}}\n")),
            "/etc/prometheus.yml:1:17: error: storage.tsdb: out_of_order_time_window 2d is longer than the 1d for which samples "
            "are kept [out_of_range]\n"
            "/etc/prometheus.yml:1:48: error: storage.tsdb.head: unknown key; expected one of out_of_order_time_window "
            "[unknown_key]\n"
            "/etc/prometheus.yml:1:58: error: storage.exemplars: this release does not have it [not_yet_supported]\n");
}

TEST(neighbour_files, are_shown_as_prometheus_shows_them) {
  const Loaded shown = load(R"(scrape_configs:
- static_configs: [{labels: {z: 1, a: "true", b: 'x: y'}, targets: [h:1]}]
  job_name: "one"
  scrape_interval: 120s
  params: {q: [b, "5"]}
- {job_name: '2', scrape_timeout: 5s}
global: {scrape_interval: 6s, external_labels: {b: x, a: "y z"}}
)");
  ASSERT_TRUE(shown.configuration) << report(shown);
  EXPECT_EQ(shown.prometheus_text, R"(global:
  scrape_interval: 6s
  scrape_timeout: 6s
  evaluation_interval: 1m
  external_labels:
    a: y z
    b: x
scrape_configs:
- job_name: one
  honor_timestamps: true
  params:
    q:
    - b
    - "5"
  scrape_interval: 2m
  scrape_timeout: 6s
  metrics_path: /metrics
  scheme: http
  follow_redirects: true
  enable_http2: true
  static_configs:
  - targets:
    - h:1
    labels:
      a: "true"
      b: 'x: y'
      z: "1"
- job_name: "2"
  honor_timestamps: true
  scrape_interval: 6s
  scrape_timeout: 5s
  metrics_path: /metrics
  scheme: http
  follow_redirects: true
  enable_http2: true
)");
}

// Whatever keys are taken some day: what is a secret in Prometheus is none to read here.
TEST(neighbour_files, show_no_secret) {
  SourceFile file;
  file.tree = *parse_tree(R"(
- job_name: a
  basic_auth: {username: u, password: geheim1}
  authorization: {credentials: geheim2}
  oauth2: {client_id: c, client_secret: geheim3, tls_config: {key: geheim4}, token_url: "http://u:geheim5@h/t"}
  bearer_token: geheim6
  proxy_url: http://user:geheim7@proxy:80/x
  http_headers: {X-A: {secrets: [geheim8], values: [shown]}}
  consul_sd_configs: [{token: geheim9, server: "h:1"}]
  params: {token: [told]}
  relabel_configs: [{source_labels: [a, b], regex: "x|y"}]
)");
  const std::string text = prometheus_text({{"scrape_configs", &file, file.tree.root}});
  EXPECT_EQ(text.find("geheim"), std::string::npos) << text;
  EXPECT_NE(text.find("    username: u\n    password: <secret>\n"), std::string::npos) << text;
  EXPECT_NE(text.find("  proxy_url: http://user:xxxxx@proxy:80/x\n"), std::string::npos) << text;
  EXPECT_NE(text.find("  params:\n    token:\n    - told\n"), std::string::npos) << text;
  EXPECT_NE(text.find("  - source_labels: [a, b]\n    separator: ;\n    regex: x|y\n    replacement: $1\n    action: replace\n"),
            std::string::npos)
      << text;
}

}  // namespace
}  // namespace watchbill::config
