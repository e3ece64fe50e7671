// The files of Prometheus and Alertmanager without a bill: what they become, and what status/config shows of them.
#include <gtest/gtest.h>

#include "config/cases.h"
#include "config/import.h"
#include "config/load.h"
#include "config/prometheus_text.h"
#include "model/codec.h"

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
  EXPECT_EQ(report(load("storage: {tsdb: {out_of_order_time_window: 2d, head: 1}, exemplars: {max_exemplars: -1}}\n")),
            "/etc/prometheus.yml:1:17: error: storage.tsdb: out_of_order_time_window 2d is longer than the 1d for which samples "
            "are kept [out_of_range]\n"
            "/etc/prometheus.yml:1:48: error: storage.tsdb.head: unknown key; expected one of out_of_order_time_window "
            "[unknown_key]\n"
            "/etc/prometheus.yml:1:85: error: storage.exemplars.max_exemplars: expected a whole number from 0 to 10000000, found "
            "-1 [out_of_range]\n");
}

TEST(neighbour_files, say_how_many_exemplars_are_kept) {
  EXPECT_EQ(load("storage: {exemplars: {max_exemplars: 5}}\n").configuration->storage.exemplar_count_max, 5);
  EXPECT_EQ(load("storage: {exemplars: {max_exemplars: 0}}\n").configuration->storage.exemplar_count_max, 0);
  EXPECT_EQ(load("storage: {exemplars: {}}\n").configuration->storage.exemplar_count_max, std::nullopt);
}

TEST(neighbour_files, warn_of_files_that_calls_will_miss) {
  const MemoryFiles there{
      {"/etc/prometheus.yml",
       "scrape_configs:\n"
       "- job_name: a\n"
       "  tls_config: {ca_file: ca.pem, cert_file: tls/own.pem, key_file: tls/own.key}\n"
       "  basic_auth: {username: u, password_file: /run/secret}\n"
       "remote_write:\n"
       "- {url: 'http://a/', bearer_token_file: token}\n"}};
  FileReader files = reader_of(there);
  files.can_read = [](const std::string& path) -> Status {
    if (path == "/etc/ca.pem" || path == "/etc/tls/own.pem") return {};
    return Error{path == "/run/secret" ? ErrorKind::denied : ErrorKind::not_found, "read", path, "it is not for us"};
  };
  const Loaded loaded = load_neighbours({"/etc/prometheus.yml", ""}, files);
  EXPECT_TRUE(loaded.configuration) << "the file may come later, or be on another host";
  EXPECT_EQ(report(loaded),
            "/etc/prometheus.yml:3:67: warning: scrape_configs[0].tls_config.key_file: " +
                files.can_read("/etc/tls/own.key").error().text() + ": calls fail until it can be read [file_unreadable]\n" +
                "/etc/prometheus.yml:4:44: warning: scrape_configs[0].basic_auth.password_file: " +
                files.can_read("/run/secret").error().text() + ": calls fail until it can be read [file_unreadable]\n" +
                "/etc/prometheus.yml:6:41: warning: remote_write[0].bearer_token_file: " +
                files.can_read("/etc/token").error().text() + ": calls fail until it can be read [file_unreadable]\n");
}

TEST(bill, warns_of_files_that_serve_will_not_start_without) {
  const MemoryFiles written = {{"/etc/watchbill.yaml",
                                "watchbill: 1\n"
                                "access: {tokens: {grafana: {file: grafana.token, roles: [viewer]}}}\n"
                                "tls: {cert_file: own.pem, key_file: own.key}\n"}};
  FileReader files = reader_of(written);
  files.can_read = [](const std::string& path) -> Status {
    if (path == "/etc/own.pem") return {};
    return Error{ErrorKind::not_found, "read", path, "it is not there"};
  };
  LoadOptions options;
  options.working_directory = "/etc";
  const Loaded loaded = load_bill("/etc/watchbill.yaml", files, options);
  EXPECT_TRUE(loaded.configuration) << "the bill may be of another host";
  const std::string text = report(loaded);
  EXPECT_NE(text.find("access.tokens.grafana.file: " + files.can_read("/etc/grafana.token").error().text() +
                      ": serve does not start without it [file_unreadable]"), std::string::npos) << text;
  EXPECT_NE(text.find("tls.key_file: " + files.can_read("/etc/own.key").error().text() +
                      ": serve does not start without it [file_unreadable]"), std::string::npos) << text;
  EXPECT_EQ(text.find("tls.cert_file"), std::string::npos) << text;
}

TEST(neighbour_files, flags_of_prometheus_count_beside_its_file) {
  const auto with = [](NeighbourFlags flags, const std::string& text = "scrape_configs: [{job_name: a}]\n") {
    return load_neighbours({"/etc/prometheus.yml", "", std::move(flags)}, reader_of({{"/etc/prometheus.yml", text}}));
  };
  const Loaded loaded = with({"2d", "1GB", "https://ops.example/p", {"native-histograms"}});
  ASSERT_TRUE(loaded.configuration) << report(loaded);
  EXPECT_EQ(loaded.configuration->storage.retention, Duration::days(2));
  EXPECT_EQ(loaded.configuration->storage.retention_bytes, std::int64_t{1} << 30) << "powers of 1024, as there";
  EXPECT_EQ(loaded.configuration->external_url, "https://ops.example/p");
  EXPECT_TRUE(loaded.configuration->scrape_configs.at(0).histograms.native);
  EXPECT_TRUE(with({"", "", "", {"native-histograms"}}, "global: {scrape_interval: 1s}\nscrape_configs: [{job_name: a}]\n")
                  .configuration->scrape_configs.at(0).histograms.native);
  EXPECT_FALSE(with({}).configuration->scrape_configs.at(0).histograms.native);
  EXPECT_EQ(with({"", "0", "", {}}).configuration->storage.retention_bytes, std::nullopt) << "no limit, as there";
  EXPECT_EQ(
      report(with({"30d", "1XB", "/prometheus", {"native-histograms,agent"}})),
      "command line:1:1: error: --enable-feature: expected native-histograms, found \"agent\": this release has no other "
      "feature to enable; leave it out [not_yet_supported]\n"
      "command line:1:1: error: --storage.tsdb.retention.time: expected at most 15d [out_of_range]\n"
      "command line:1:1: error: --web.external-url: expected a URL such as https://HOST/PATH, found \"/prometheus\" "
      "[out_of_range]\n"
      "command line:1:1: error: --storage.tsdb.retention.size: expected a size such as 16MiB, found \"1XB\" [wrong_type]\n");
}

TEST(neighbour_files, rule_files_that_are_not_there_stop_nobody) {
  const Loaded loaded = load("rule_files: [gone.yml, 'r/*.yml']\n");
  EXPECT_TRUE(loaded.configuration);
  EXPECT_EQ(report(loaded),
            "/etc/prometheus.yml:1:14: warning: rule_files[0]: there is no file /etc/gone.yml: its rules are missing until it is "
            "there and this is read again [no_rule_file]\n"
            "/etc/prometheus.yml:1:24: warning: rule_files[1]: there is no file /etc/r/*.yml: its rules are missing until it is "
            "there and this is read again [no_rule_file]\n");
}

TEST(neighbour_files, an_address_beyond_loopback_needs_a_bill) {
  LoadOptions options;
  for (const char* address :
       {"0.0.0.0:9090", ":9090", "[::]:9090", "ops.example:9090", "128.0.0.1:1", "127.0.0.1.example:1"}) {
    options.own_addresses = {"127.0.0.1:1", address};
    EXPECT_EQ(
        report(load("", options)),
        "command line:1:1: error: --listen: " + std::string(address) +
            " is beyond loopback, which needs tls and access.tokens of a "
            "bill: `watchbill import prometheus FILE` makes its beginning; or listen on 127.0.0.1 or ::1 [listen_not_allowed]\n");
  }
  options.own_addresses = {"127.0.0.1:0", "[::1]:9090", "localhost:9090"};
  EXPECT_EQ(report(load("", options)), "");
}

// Whatever the drop-in start takes the imported bill takes, and it means the same.
TEST(neighbour_files, an_imported_bill_means_the_same) {
  const std::string global = "global: {scrape_interval: 6s, external_labels: {site: lab}, scrape_native_histograms: true}\n";
  const std::string alerting = R"(alerting:
  # told of alerts
  alert_relabel_configs: [{regex: replica, action: labeldrop}]
  alertmanagers:
  - scheme: https
    path_prefix: /am
    timeout: 3s
    authorization: {credentials_file: token}
    static_configs: [{targets: ['am.example:443', 'localhost:9911']}]
)";
  const std::string jobs = "scrape_configs:\n- {job_name: a, static_configs: [{targets: ['h:1']}]}\n";
  const std::string rules = "rule_files: [rules.yml, gone.yml, 'x/*.yml']\n";
  const std::string remote = "remote_write: [{url: 'http://h/w', name: far}]\n";
  LoadOptions options;
  options.working_directory = "/etc";
  std::size_t count = 0;
  for (const std::string& text : {std::string(), global, alerting, jobs, rules, remote, global + alerting + jobs + rules + remote,
                                  remote + rules + jobs + alerting + global, "---\n# ours\n" + alerting + "rule_files:\n" + jobs,
                                  std::string("alerting:\n"), std::string("alerting: {}\n") + rules,
        std::string("alerting:\n  alertmanagers:\n  - static_configs:\n    - targets:\n      # - alertmanager:9093\n"),
        std::string("scrape_configs:\n- {job_name: a, honor_labels: yes}\n")}) {
    MemoryFiles files{{"/etc/prometheus.yml", text},
                      {"/etc/rules.yml", "groups: [{name: g, rules: [{alert: A, expr: up == 0}, {record: r, expr: up}]}]\n"}};
    const NeighbourFiles named{"/etc/prometheus.yml", ""};
    Loaded there = load_neighbours(named, reader_of(files), options);
    ASSERT_TRUE(there.configuration) << text << report(there);
    const Imported imported = import_prometheus(named, reader_of(files), options);
    ASSERT_TRUE(imported.refused.empty()) << text << imported.refused.front().line();
    files["/etc/watchbill.yaml"] = imported.bill;
    Loaded here = load_bill("watchbill.yaml", reader_of(files), options);
    ASSERT_TRUE(here.configuration) << imported.bill << report(here);
    // Why nothing follows an alert is said in other words.
    for (Configuration* each : {&*there.configuration, &*here.configuration})
      for (auto& [alert, binding] : each->runbooks.bindings) binding.unbound = "same";
    EXPECT_EQ(canonical_text(*here.configuration), canonical_text(*there.configuration)) << imported.bill;
    EXPECT_EQ(here.findings.size(), there.findings.size()) << report(here) << report(there);
    ++count;
  }
  EXPECT_EQ(count, 13U);
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

TEST(neighbour_files, show_how_servers_are_called_as_prometheus_does) {
  const Loaded shown = load(R"(scrape_configs:
- {job_name: a, tls_config: {server_name: h, ca_file: ca.pem}, proxy_url: "http://proxy:1",
   dns_sd_configs: [{port: 80, type: A, names: [b]}]}
- {job_name: c, http_sd_configs: [{url: "http://d/", tls_config: {insecure_skip_verify: yes}, proxy_url: "http://proxy:1"}]}
)");
  ASSERT_TRUE(shown.configuration) << report(shown);
  const std::string& text = shown.prometheus_text;
  EXPECT_NE(text.find(R"(  scheme: http
  proxy_url: http://proxy:1
  tls_config:
    ca_file: /etc/ca.pem
    server_name: h
    insecure_skip_verify: false
  follow_redirects: true
  enable_http2: true
  dns_sd_configs:
  - names:
    - b
    refresh_interval: 30s
    type: A
    port: 80
)"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find(R"(  http_sd_configs:
  - proxy_url: http://proxy:1
    tls_config:
      insecure_skip_verify: true
    follow_redirects: true
    enable_http2: true
    refresh_interval: 1m
    url: http://d/
)"),
            std::string::npos)
      << text;
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
