#include "config/scrape_jobs.h"

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/core.h>

#include "base/json.h"
#include "config/discovery.h"
#include "config/http_client.h"
#include "config/relabel.h"
#include "config/values.h"

namespace watchbill::config {
namespace {

constexpr std::int64_t body_bytes_max = std::int64_t{1} << 30;  // of one page, held in memory

void read_path_part(const Cursor& at, std::string& out) {
  read_filled(at, out);
  if (!out.starts_with('/')) at.complain("out_of_range", "expected a path that begins with /");
}

struct JobKeys {
  ClientKeys client;
  std::string job;
  std::optional<Duration> interval;
  std::optional<Duration> timeout;
  ScrapeLimits limits;
  bool honors_timestamps{true};
  bool accepts_compression{true};
  std::optional<bool> keeps_native;
  std::optional<bool> keeps_classic;
  std::optional<bool> keeps_classic_always;
  ScrapeConfiguration out;  // what needs no second look
};

// A key whose value goes where it stays.
template <auto member>
void read_into(const Cursor& at, JobKeys& keys) {
  read(at, keys.out.*member);
}
template <auto member, auto reader>
void read_into_by(const Cursor& at, JobKeys& keys) {
  reader(at, keys.out.*member);
}

using J = JobKeys;
using S = ScrapeConfiguration;
constexpr auto scrape_config = table<J>(
    "scrape_configs[]", required(optional<&J::job, read_filled>("job_name", "text", "", "unique; the label job")),
    optional<&J::interval, read_optional_positive>("scrape_interval", "duration", "", "as in global"),
    optional<&J::timeout, read_optional_positive>("scrape_timeout", "duration", "", "as in global, at most the interval"),
    whole<J, read_into_by<&S::metrics_path, read_path_part>>("metrics_path", "path", "/metrics", "begins with /"),
    whole<J, read_into_by<&S::scheme, read_http_scheme>>("scheme", "http or https", "http",
                                                         "https trusts whom the system trusts, or tls_config says"),
    whole<J, read_into<&S::params>>("params", "map of lists of text", "", "parameters of the query"),
    whole<J, read_into_by<&S::static_configs, read_target_groups>>("static_configs", "list", "", "targets by name"),
    whole<J, read_into_by<&S::file_discovery, read_file_discovery>>("file_sd_configs", "list", "", "targets out of files"),
    whole<J, read_into_by<&S::http_discovery, read_http_discovery>>("http_sd_configs", "list", "",
                                                                    "targets that a server answers with"),
    whole<J, read_into_by<&S::dns_discovery, read_dns_discovery>>("dns_sd_configs", "list", "",
                                                                  "targets that records of names lead to"),
    whole<J, read_into_by<&S::relabel, read_relabel_rules>>("relabel_configs", "list of rules", "",
                                                            "rewrite the labels of targets, or drop them"),
    whole<J, read_into_by<&S::metric_relabel, read_relabel_rules>>("metric_relabel_configs", "list of rules", "",
                                                                   "rewrite the labels of samples, or drop them"),
    whole<J, read_into<&S::honors_labels>>("honor_labels", "truth", "false",
                                           "labels of a page win over those of its target, which else go by exported_NAME"),
    optional<&J::honors_timestamps>("honor_timestamps", "truth", "true", "samples may bear times of their own"),
    optional<&J::accepts_compression>("enable_compression", "truth", "true", "pages may come compressed by zstd or gzip"),
    optional<&J::keeps_native>("scrape_native_histograms", "truth", "",
                               "pages are asked for in protobuf, and native histograms stored; else as in global"),
    optional<&J::keeps_classic>("scrape_classic_histograms", "truth", "",
                                "a histogram that is native and classic is stored as both; else as in global"),
    optional<&J::keeps_classic_always>("always_scrape_classic_histograms", "truth", "", "its later name"),
    limit_key<J, &ScrapeLimits::body_bytes, read_body_size>("body_size_limit", "size",
                                                            "a page of so many bytes fails; 0: as in global"),
    limit_key<J, &ScrapeLimits::sample_count_max>("sample_limit", "number", "more samples fail the scrape; 0: as in global"),
    limit_key<J, &ScrapeLimits::target_count_max>("target_limit", "number", "more targets fail all of the job; 0: as in global"),
    limit_key<J, &ScrapeLimits::label_count_max>("label_limit", "number",
                                                 "more labels of a sample fail the scrape; 0: as in global"),
    limit_key<J, &ScrapeLimits::label_name_bytes_max>("label_name_length_limit", "number", "in bytes; 0: as in global"),
    limit_key<J, &ScrapeLimits::label_value_bytes_max>("label_value_length_limit", "number", "in bytes; 0: as in global"),
    client_key<J, read_basic_auth>("basic_auth", "settings", "", "name and password of the request"),
    client_key<J, read_authorization>("authorization", "settings", "", "the header of that name"),
    client_key<J, read_bearer_token>("bearer_token", "env:NAME", "", "the name of a token's secret"),
    client_key<J, read_bearer_token_file>("bearer_token_file", "path", "", "a file that holds a token; read at each scrape"),
    client_key<J, read_follow_redirects>("follow_redirects", "truth", "true", "at most 10 times"),
    client_key<J, read_proxy_url>("proxy_url", "URL or env:NAME", "",
                                  "who is asked to call the server: http://HOST:PORT, or env:NAME"),
    client_key<J, read_tls_config>("tls_config", "settings", "", "certificates of https; read again when they change"),
    client_key<J, read_enable_http2>("enable_http2", "truth", "true", "HTTP/1.1 is spoken either way"),
    later<J>("track_timestamps_staleness", ""), later<J>("oauth2", ""), later<J>("no_proxy", ""),
    later<J>("proxy_from_environment", ""), later<J>("proxy_connect_header", ""), later<J>("http_headers", ""),
    later<J>("keep_dropped_targets", ""), later<J>("scrape_protocols", ""), later<J>("fallback_scrape_protocol", ""),
    later<J>("convert_classic_histograms_to_nhcb", ""), later<J>("native_histogram_bucket_limit", ""),
    later<J>("native_histogram_min_bucket_factor", ""), later<J>("metric_name_validation_scheme", ""),
    later<J>("metric_name_escaping_scheme", ""), later<J>("scrape_failure_log_file", ""), later<J>("azure_sd_configs", ""),
    later<J>("consul_sd_configs", ""), later<J>("digitalocean_sd_configs", ""), later<J>("docker_sd_configs", ""),
    later<J>("dockerswarm_sd_configs", ""), later<J>("ec2_sd_configs", ""), later<J>("eureka_sd_configs", ""),
    later<J>("gce_sd_configs", ""), later<J>("hetzner_sd_configs", ""), later<J>("ionos_sd_configs", ""),
    later<J>("kubernetes_sd_configs", ""), later<J>("kuma_sd_configs", ""), later<J>("lightsail_sd_configs", ""),
    later<J>("linode_sd_configs", ""), later<J>("marathon_sd_configs", ""), later<J>("nerve_sd_configs", ""),
    later<J>("nomad_sd_configs", ""), later<J>("openstack_sd_configs", ""), later<J>("ovhcloud_sd_configs", ""),
    later<J>("puppetdb_sd_configs", ""), later<J>("scaleway_sd_configs", ""), later<J>("serverset_sd_configs", ""),
    later<J>("stackit_sd_configs", ""), later<J>("triton_sd_configs", ""), later<J>("uyuni_sd_configs", ""),
    later<J>("vultr_sd_configs", ""));

// Without rules that could mend it an address is one.
void check_addresses(const Cursor& job) {
  const NodeIndex groups = job.file().tree.find(job.index(), "static_configs");
  if (groups == no_node) return;
  const Cursor list = job.member("static_configs", groups);
  for (std::size_t i = 0; list.node().kind == NodeKind::sequence && i < list.node().children.size(); ++i) {
    const Cursor group = list.element(i);
    const NodeIndex targets = group.node().kind == NodeKind::mapping ? job.file().tree.find(group.index(), "targets") : no_node;
    if (targets == no_node || job.at(targets).kind != NodeKind::sequence) continue;
    const Cursor addresses = group.member("targets", targets);
    for (std::size_t n = 0; n < addresses.node().children.size(); ++n)
      if (addresses.element(n).node().text.find('/') != std::string::npos)
        addresses.element(n).complain("out_of_range", "expected HOST:PORT without a scheme and a path");
  }
}

void fill_in(std::uint64_t& limit, std::uint64_t of_all_jobs) {
  if (limit == 0) limit = of_all_jobs;
}

ScrapeLimits limits_within(ScrapeLimits limits, const ScrapeLimits& all) {
  fill_in(limits.body_bytes, all.body_bytes);
  fill_in(limits.sample_count_max, all.sample_count_max);
  fill_in(limits.target_count_max, all.target_count_max);
  fill_in(limits.label_count_max, all.label_count_max);
  fill_in(limits.label_name_bytes_max, all.label_name_bytes_max);
  fill_in(limits.label_value_bytes_max, all.label_value_bytes_max);
  return limits;
}

void add_job(const Cursor& at, const GlobalConfiguration& global, std::vector<ScrapeConfiguration>& out) {
  JobKeys keys;
  if (!read_object(at, scrape_config, keys)) return;
  const auto same = std::find_if(out.begin(), out.end(), [&](const ScrapeConfiguration& each) { return each.job == keys.job; });
  if (same != out.end()) return at.complain("duplicate_name", fmt::format("the job {} is written twice", keys.job));
  ScrapeConfiguration& job = out.emplace_back(std::move(keys.out));
  job.client = settle_client(at, keys.client);
  job.scrape_interval = keys.interval.value_or(global.scrape_interval);
  job.scrape_timeout = timeout_within(at, job.scrape_interval, keys.timeout, global.scrape_timeout);
  job.job = std::move(keys.job);
  job.limits = limits_within(keys.limits, global.scrape_limits);
  const std::optional<bool>& classic = keys.keeps_classic_always ? keys.keeps_classic_always : keys.keeps_classic;
  job.histograms = {classic.value_or(global.histograms.classic), keys.keeps_native.value_or(global.histograms.native)};
  job.ignores_timestamps = !keys.honors_timestamps;
  job.refuses_compression = !keys.accepts_compression;
  if (job.relabel.empty()) check_addresses(at);
}

}  // namespace

void read_optional_positive(const Cursor& at, std::optional<Duration>& out) {
  Duration value;
  read_positive(at, value);
  if (value.ms > 0) out = value;
}

Duration timeout_within(const Cursor& at, Duration interval, const std::optional<Duration>& written, Duration otherwise) {
  if (!written) return std::min(interval, otherwise);
  if (*written > interval)
    at.complain("out_of_range", fmt::format("scrape_timeout {} is longer than scrape_interval {}", format_duration(*written),
                                            format_duration(interval)));
  return *written;
}

void read_limit(const Cursor& at, std::uint64_t& out) { read_between<0, json_integer_max>(at, out); }

void read_body_size(const Cursor& at, std::uint64_t& out) {
  constexpr std::string_view what = "a size such as 10MB, or 0";
  struct Unit {
    std::string_view name;
    int shift;
  };
  constexpr std::array<Unit, 8> units{
      {{"", 0}, {"B", 0}, {"KB", 10}, {"KiB", 10}, {"MB", 20}, {"MiB", 20}, {"GB", 30}, {"GiB", 30}}};
  const std::string& text = at.node().text;
  std::int64_t count = 0;
  const auto [after, failure] = std::from_chars(text.data(), text.data() + text.size(), count);
  const std::string_view name(after, static_cast<std::size_t>(text.data() + text.size() - after));
  const auto unit = std::find_if(units.begin(), units.end(), [name](const Unit& each) { return each.name == name; });
  if (at.node().kind != NodeKind::scalar || failure != std::errc{} || unit == units.end() || count < 0) return at.expected(what);
  if (count > (body_bytes_max >> unit->shift))
    return at.complain("out_of_range", "a page is held in memory: expected at most 1GB, found " + text);
  out = static_cast<std::uint64_t>(count) << unit->shift;
}

void read_scrape_configs(const Cursor& at, const GlobalConfiguration& global, std::vector<ScrapeConfiguration>& out) {
  if (!is_list(at, "jobs")) return;
  for (std::size_t i = 0; i < at.node().children.size(); ++i) add_job(at.element(i), global, out);
}

std::vector<TableView> scrape_job_tables() { return {scrape_config.view()}; }

}  // namespace watchbill::config
