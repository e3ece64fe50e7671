// The tables of keys against what is written elsewhere: the documentation, the specified list, the defaults of the structs.
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <sstream>

#include <gtest/gtest.h>

#include "config/bill.h"
#include "config/cases.h"
#include "config/tables.h"
#include "model/codec.h"
#include "places.h"

namespace watchbill::config {
namespace {

std::string text_of_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(tables, the_documentation_is_what_the_reader_reads) {
  const std::string path = in_source("docs/bill.md");
  if (std::getenv("WB_WRITE_GOLDENS") != nullptr) std::ofstream(path, std::ios::binary) << bill_document();
  EXPECT_EQ(text_of_file(path), bill_document());
}

TEST(tables, every_specified_top_level_key_is_read_or_refused_by_name) {
  std::istringstream in(text_of_file(in_test_data("config/top_level_keys.txt")));
  std::set<std::string> specified;
  for (std::string word; in >> word;) specified.insert(word);
  std::set<std::string> known;
  for (const Key& key : bill_keys()) known.insert(std::string(key.name));
  EXPECT_EQ(known, specified);
}

// Source: Prometheus 2.42, docs/configuration/configuration.md, and its older names of bearer tokens.
TEST(tables, every_key_of_a_job_of_prometheus_is_read_or_refused_by_name) {
  constexpr std::string_view client[] = {"basic_auth",   "authorization",     "oauth2",     "follow_redirects",
                                         "enable_http2", "tls_config",        "proxy_url",  "proxy_connect_header",
                                         "bearer_token", "bearer_token_file"};
  std::map<std::string_view, std::set<std::string_view>> specified{
      {"scrape_configs[]",
       {"job_name", "scrape_interval", "scrape_timeout", "metrics_path", "honor_labels", "honor_timestamps", "scheme", "params",
        "azure_sd_configs", "consul_sd_configs", "digitalocean_sd_configs", "docker_sd_configs", "dockerswarm_sd_configs",
        "dns_sd_configs", "ec2_sd_configs", "eureka_sd_configs", "file_sd_configs", "gce_sd_configs", "hetzner_sd_configs",
        "http_sd_configs", "ionos_sd_configs", "kubernetes_sd_configs", "kuma_sd_configs", "lightsail_sd_configs",
        "linode_sd_configs", "marathon_sd_configs", "nerve_sd_configs", "nomad_sd_configs", "openstack_sd_configs",
        "ovhcloud_sd_configs", "puppetdb_sd_configs", "scaleway_sd_configs", "serverset_sd_configs", "triton_sd_configs",
        "uyuni_sd_configs", "vultr_sd_configs", "static_configs", "relabel_configs", "metric_relabel_configs", "body_size_limit",
        "sample_limit", "label_limit", "label_name_length_limit", "label_value_length_limit", "target_limit"}},
      {"scrape_configs[].static_configs[]", {"targets", "labels"}},
      {"scrape_configs[].file_sd_configs[]", {"files", "refresh_interval"}},
      {"scrape_configs[].http_sd_configs[]", {"url", "refresh_interval"}},
      {"scrape_configs[].dns_sd_configs[]", {"names", "type", "port", "refresh_interval"}},
      {"scrape_configs[].basic_auth, remote_write[].basic_auth, alerting.alertmanagers[].basic_auth",
       {"username", "password", "password_file"}},
      {"scrape_configs[].authorization, remote_write[].authorization, alerting.alertmanagers[].authorization",
       {"type", "credentials", "credentials_file"}},
      {"scrape_configs[].tls_config, remote_write[].tls_config, alerting.alertmanagers[].tls_config",
       {"ca_file", "cert_file", "key_file", "server_name", "insecure_skip_verify", "min_version", "max_version"}}};
  for (const std::string_view path : {"scrape_configs[]", "scrape_configs[].http_sd_configs[]"})
    specified[path].insert(std::begin(client), std::end(client));
  for (const Chapter& chapter : chapters())
    for (const TableView& table : chapter.tables) {
      const auto wanted = specified.find(table.path);
      if (wanted == specified.end()) continue;
      for (const Key& key : table.keys) wanted->second.erase(key.name);
    }
  for (const auto& [path, names] : specified) EXPECT_TRUE(names.empty()) << path << "." << (names.empty() ? "" : *names.begin());
}

TEST(tables, every_key_says_what_it_is_and_comes_once) {
  for (const Chapter& chapter : chapters())
    for (const TableView& table : chapter.tables) {
      std::set<std::string_view> names;
      for (const Key& key : table.keys) {
        EXPECT_TRUE(names.insert(key.name).second) << table.path << "." << key.name;
        if (key.presence == Presence::later) continue;
        EXPECT_FALSE(key.type.empty()) << table.path << "." << key.name;
        EXPECT_NE(key.read, nullptr) << table.path << "." << key.name;
      }
    }
}

// Where a table's object may stand in a bill; %s is its keys. Those of neighbours' files are in those files.
struct Home {
  std::string_view path;
  std::string_view before;
  std::string_view after;
};
constexpr Home homes[] = {
    {"", "", ""},
    {"storage", "storage: {", "}"},
    {"evaluation", "evaluation: {", "}"},
    {"access", "access: {", "}"},
    {"global", "global: {", "}"},
    {"scrape_configs[]", "scrape_configs: [{job_name: j, ", "}]"},
    {"remote_write[]", "remote_write: [{url: 'http://a/', ", "}]"},
    {"remote_write[].queue_config", "remote_write: [{url: 'http://a/', queue_config: {", "}}]"},
    {"remote_write[].metadata_config", "remote_write: [{url: 'http://a/', metadata_config: {", "}}]"},
    {"supervisor", "supervisor: {", "}"},
    {"workloads.NAME", "workloads: {a: {command: [x], ", "}}"},
    {"workloads.NAME.restart", "workloads: {a: {command: [x], restart: {", "}}}"},
    {"workloads.NAME.restart.backoff", "workloads: {a: {command: [x], restart: {backoff: {", "}}}}"},
    {"workloads.NAME.hang", "workloads: {a: {command: [x], hang: {timeout: 5s, ", "}}}"},
    {"workloads.NAME.stop", "workloads: {a: {command: [x], stop: {", "}}}"},
    {"workloads.NAME.log", "workloads: {a: {command: [x], log: {", "}}}"},
    {"workloads.NAME.reload", "workloads: {a: {command: [x], reload: {", "}}}"},
    {"workloads.NAME.{started,live,ready}", "workloads: {a: {command: [x], ready: {tcp: 'a:1', ", "}}}"},
    {"probes.NAME", "probes: {a: {tcp: 'a:1', ", "}}"},
    {"runbooks.NAME.parameters.NAME", "runbooks: {a: {summary: s, steps: [{name: x, read: {query: up}}], parameters: {p: {",
     "}}}}"},
    {"bindings.ALERT",
     "runbooks: {a: {summary: s, steps: [{name: x, read: {query: up}}]}, b: {summary: s, steps: [{name: x, read: {query: "
     "up}}]}}\nbindings: {A: {mitigation: a, rollback: b, ",
     "}}"},
    {"bindings.ALERT.limits",
     "runbooks: {a: {summary: s, steps: [{name: x, read: {query: up}}]}, b: {summary: s, steps: [{name: x, read: {query: "
     "up}}]}}\nbindings: {A: {mitigation: a, rollback: b, limits: {",
     "}}}"},
    {"environments.NAME", "environments: {a: {", "}}"},
    {"environments.NAME.approvals", "environments: {a: {approvals: {", "}}}"},
};

TEST(tables, a_default_is_what_a_key_that_is_left_out_means) {
  std::size_t count = 0;
  const auto configuration_of = [](const Home& home, const std::string& keys) {
    const std::string text = "watchbill: 1\n" + std::string(home.before) + keys + std::string(home.after) + "\n";
    const MemoryFiles files{{"/etc/wb/watchbill.yaml", text}};
    LoadOptions options;
    options.working_directory = memory_folder;
    const Loaded loaded = load_bill("watchbill.yaml", reader_of(files), options);
    EXPECT_TRUE(loaded.configuration.has_value()) << text << report_of(loaded);
    return loaded.configuration ? canonical_text(*loaded.configuration) : "";
  };
  for (const Chapter& chapter : chapters())
    for (const TableView& table : chapter.tables)
      for (const Home& home : homes) {
        if (home.path != table.path) continue;
        const std::string without = configuration_of(home, "");
        for (const Key& key : table.keys) {
          if (key.fallback.empty()) continue;
          EXPECT_EQ(configuration_of(home, std::string(key.name) + ": " + std::string(key.fallback)), without)
              << table.path << "." << key.name;
          ++count;
        }
      }
  EXPECT_GE(count, 45U);
}

}  // namespace
}  // namespace watchbill::config
