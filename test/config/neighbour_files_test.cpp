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

TEST(neighbour_files, alerts_go_to_our_own_addresses_only) {
  const std::string text = "alerting: {alertmanagers: [{scheme: http, static_configs: [{targets: ['localhost:9093']}]}]}\n";
  LoadOptions options;
  EXPECT_EQ(report(load(text, options)),
            "/etc/prometheus.yml:1:71: error: alerting.alertmanagers[0].static_configs[0].targets[0]: alerts are not handed to "
            "localhost:9093: name an address of --listen here and its routing with --alertmanager.config, or take the target out "
            "[not_yet_supported]\n");
  options.own_addresses = {"127.0.0.1:9911", "127.0.0.1:9093"};
  EXPECT_TRUE(load(text, options).configuration) << report(load(text, options));
  EXPECT_TRUE(
      load("alerting:\n  alertmanagers:\n  - static_configs:\n    - targets:\n      # - alertmanager:9093\n").configuration)
      << "the example that Prometheus comes with";
  EXPECT_FALSE(load("alerting: {alertmanagers: [{path_prefix: /am, static_configs: [{targets: ['127.0.0.1:9093']}]}]}\n", options)
                   .configuration);
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
