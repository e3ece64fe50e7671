#include "config/prometheus.h"

#include <algorithm>
#include <optional>

#include <fmt/core.h>

#include "config/values.h"

namespace watchbill::config {
namespace {

struct GlobalKeys {
  Duration scrape_interval{Duration::minutes(1)};
  std::optional<Duration> scrape_timeout;
  Duration evaluation_interval{Duration::minutes(1)};
  Labels external_labels;
};

void read_optional_positive(const Cursor& at, std::optional<Duration>& out) {
  Duration value;
  read_positive(at, value);
  if (value.ms > 0) out = value;
}

using G = GlobalKeys;
constexpr auto global_keys = table<G>(
    "global",
    optional<&G::scrape_interval, read_positive>("scrape_interval", "duration", "1m", "time between two scrapes of a target"),
    optional<&G::scrape_timeout, read_optional_positive>("scrape_timeout", "duration", "10s", "at most the interval"),
    optional<&G::evaluation_interval, read_positive>("evaluation_interval", "duration", "1m",
                                                     "time between two slots of a rule group"),
    optional<&G::external_labels>("external_labels", "map of text", "", "added to alerts; $externalLabels in templates"),
    later<G>("query_log_file", ""), later<G>("rule_query_offset", ""), later<G>("body_size_limit", ""),
    later<G>("sample_limit", ""), later<G>("target_limit", ""), later<G>("label_limit", ""),
    later<G>("label_name_length_limit", ""), later<G>("label_value_length_limit", ""), later<G>("keep_dropped_targets", ""),
    later<G>("scrape_protocols", ""), later<G>("metric_name_validation_scheme", ""), later<G>("metric_name_escaping_scheme", ""),
    later<G>("scrape_classic_histograms", ""), later<G>("always_scrape_classic_histograms", ""),
    later<G>("convert_classic_histograms_to_nhcb", ""), later<G>("scrape_native_histograms", ""), later<G>("runtime", ""),
    later<G>("scrape_failure_log_file", ""));

void read_path_part(const Cursor& at, std::string& out) {
  read_filled(at, out);
  if (!out.starts_with('/')) at.complain("out_of_range", "expected a path that begins with /");
}

void read_scheme(const Cursor& at, std::string& out) {
  read(at, out);
  if (out == "https") return at.complain("not_yet_supported", "targets are scraped by http only");
  if (out != "http") at.complain("wrong_type", fmt::format("expected http, found \"{}\"", out));
}

void read_target(const Cursor& at, std::string& out) {
  read_filled(at, out);
  if (out.find('/') != std::string::npos) at.complain("out_of_range", "expected HOST:PORT without a scheme and a path");
}

void read_targets(const Cursor& at, std::vector<std::string>& out) {
  if (!is_list(at, "targets")) return;
  for (std::size_t i = 0; i < at.node().children.size(); ++i) read_target(at.element(i), out.emplace_back());
}

void read_static_labels(const Cursor& at, Labels& out) {
  read(at, out);
  for (const auto& [name, value] : out)
    if (name.starts_with("__")) at.complain("not_yet_supported", fmt::format("{}: labels of relabelling do nothing here", name));
}

constexpr auto static_config = table<StaticTargets>(
    "scrape_configs[].static_configs[]",
    optional<&StaticTargets::targets, read_targets>("targets", "list of HOST:PORT", "", "what is scraped"),
    optional<&StaticTargets::labels, read_static_labels>("labels", "map of text", "", "added to all series of these targets"));

void read_static_config(const Cursor& at, StaticTargets& out) { read_object(at, static_config, out); }

struct ScrapeKeys {
  std::string job;
  std::optional<Duration> interval;
  std::optional<Duration> timeout;
  std::string metrics_path{"/metrics"};
  std::string scheme{"http"};
  std::map<std::string, std::vector<std::string>> params;
  std::vector<StaticTargets> static_configs;
};

using S = ScrapeKeys;
constexpr auto scrape_config = table<S>(
    "scrape_configs[]",
    required(optional<&S::job, read_filled>("job_name", "text", "", "unique; the label job")),
    optional<&S::interval, read_optional_positive>("scrape_interval", "duration", "", "as in global"),
    optional<&S::timeout, read_optional_positive>("scrape_timeout", "duration", "", "as in global, at most the interval"),
    optional<&S::metrics_path, read_path_part>("metrics_path", "path", "/metrics", "begins with /"),
    optional<&S::scheme, read_scheme>("scheme", "http", "http", "https is not yet supported"),
    optional<&S::params>("params", "map of lists of text", "", "parameters of the query"),
    optional<&S::static_configs, read_each<StaticTargets, read_static_config>>("static_configs", "list", "", "targets by name"),
    later<S>("honor_labels", ""), later<S>("honor_timestamps", ""), later<S>("track_timestamps_staleness", ""),
    later<S>("relabel_configs", ""), later<S>("metric_relabel_configs", ""), later<S>("basic_auth", ""),
    later<S>("authorization", ""), later<S>("oauth2", ""), later<S>("bearer_token", ""), later<S>("bearer_token_file", ""),
    later<S>("tls_config", ""), later<S>("proxy_url", ""), later<S>("no_proxy", ""), later<S>("proxy_from_environment", ""),
    later<S>("proxy_connect_header", ""), later<S>("follow_redirects", ""), later<S>("enable_http2", ""),
    later<S>("enable_compression", ""), later<S>("http_headers", ""), later<S>("body_size_limit", ""),
    later<S>("sample_limit", ""), later<S>("target_limit", ""), later<S>("label_limit", ""),
    later<S>("label_name_length_limit", ""), later<S>("label_value_length_limit", ""), later<S>("keep_dropped_targets", ""),
    later<S>("scrape_protocols", ""), later<S>("fallback_scrape_protocol", ""), later<S>("scrape_classic_histograms", ""),
    later<S>("always_scrape_classic_histograms", ""), later<S>("convert_classic_histograms_to_nhcb", ""),
    later<S>("scrape_native_histograms", ""), later<S>("native_histogram_bucket_limit", ""),
    later<S>("native_histogram_min_bucket_factor", ""), later<S>("metric_name_validation_scheme", ""),
    later<S>("metric_name_escaping_scheme", ""), later<S>("scrape_failure_log_file", ""),
    later<S>("azure_sd_configs", ""), later<S>("consul_sd_configs", ""), later<S>("digitalocean_sd_configs", ""),
    later<S>("dns_sd_configs", ""), later<S>("docker_sd_configs", ""), later<S>("dockerswarm_sd_configs", ""),
    later<S>("ec2_sd_configs", ""), later<S>("eureka_sd_configs", ""), later<S>("file_sd_configs", ""),
    later<S>("gce_sd_configs", ""), later<S>("hetzner_sd_configs", ""), later<S>("http_sd_configs", ""),
    later<S>("ionos_sd_configs", ""), later<S>("kubernetes_sd_configs", ""), later<S>("kuma_sd_configs", ""),
    later<S>("lightsail_sd_configs", ""), later<S>("linode_sd_configs", ""), later<S>("marathon_sd_configs", ""),
    later<S>("nerve_sd_configs", ""), later<S>("nomad_sd_configs", ""), later<S>("openstack_sd_configs", ""),
    later<S>("ovhcloud_sd_configs", ""), later<S>("puppetdb_sd_configs", ""), later<S>("scaleway_sd_configs", ""),
    later<S>("serverset_sd_configs", ""), later<S>("stackit_sd_configs", ""), later<S>("triton_sd_configs", ""),
    later<S>("uyuni_sd_configs", ""), later<S>("vultr_sd_configs", ""));

// Prometheus' rule: a timeout that is not written gives way to a shorter interval, one that is written must not exceed it.
Duration timeout_within(const Cursor& at, Duration interval, const std::optional<Duration>& written, Duration otherwise) {
  if (!written) return std::min(interval, otherwise);
  if (*written > interval)
    at.complain("out_of_range", fmt::format("scrape_timeout {} is longer than scrape_interval {}", format_duration(*written),
                                            format_duration(interval)));
  return *written;
}

void add_job(const Cursor& at, const GlobalConfiguration& global, std::vector<ScrapeConfiguration>& out) {
  ScrapeKeys keys;
  if (!read_object(at, scrape_config, keys)) return;
  const auto same = std::find_if(out.begin(), out.end(), [&](const ScrapeConfiguration& each) { return each.job == keys.job; });
  if (same != out.end()) return at.complain("duplicate_name", fmt::format("the job {} is written twice", keys.job));
  ScrapeConfiguration& job = out.emplace_back();
  job.scrape_interval = keys.interval.value_or(global.scrape_interval);
  job.scrape_timeout = timeout_within(at, job.scrape_interval, keys.timeout, global.scrape_timeout);
  job.job = std::move(keys.job);
  job.metrics_path = std::move(keys.metrics_path);
  job.params = std::move(keys.params);
  job.static_configs = std::move(keys.static_configs);
}

}  // namespace

void read(const Cursor& at, GlobalConfiguration& out) {
  GlobalKeys keys;
  if (!read_object(at, global_keys, keys)) return;
  out.scrape_interval = keys.scrape_interval;
  out.evaluation_interval = keys.evaluation_interval;
  out.external_labels = keys.external_labels;
  out.scrape_timeout = timeout_within(at, keys.scrape_interval, keys.scrape_timeout, Duration::seconds(10));
}

void read_scrape_configs(const Cursor& at, const GlobalConfiguration& global, std::vector<ScrapeConfiguration>& out) {
  if (!is_list(at, "jobs")) return;
  for (std::size_t i = 0; i < at.node().children.size(); ++i) add_job(at.element(i), global, out);
}

std::vector<TableView> prometheus_tables() { return {global_keys.view(), scrape_config.view(), static_config.view()}; }

}  // namespace watchbill::config
