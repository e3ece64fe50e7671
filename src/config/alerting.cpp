#include "config/alerting.h"

#include <algorithm>

#include <fmt/core.h>

#include "config/reader.h"
#include "config/values.h"

namespace watchbill::config {
namespace {

struct TargetKeys {
  std::vector<NamedAlertmanager> targets;
  Labels labels;
};

struct AlertmanagerKeys {
  std::string scheme{"http"};
  std::string path_prefix;
  std::string api_version{"v2"};
  Duration timeout;
  std::vector<TargetKeys> static_configs;
};

struct AlertingKeys {
  std::vector<AlertmanagerKeys> alertmanagers;
};

void read_targets(const Cursor& at, std::vector<NamedAlertmanager>& out) {
  if (!is_list(at, "targets")) return;
  for (std::size_t i = 0; i < at.node().children.size(); ++i) {
    const Cursor element = at.element(i);
    NamedAlertmanager& named = out.emplace_back();
    read_filled(element, named.address);
    named.origin = {Severity::error, "", element.place(), element.path(), ""};
  }
}

constexpr auto target_keys = table<TargetKeys>(
    "alerting.alertmanagers[].static_configs[]",
    optional<&TargetKeys::targets, read_targets>("targets", "list of HOST:PORT", "", "our own addresses"),
    optional<&TargetKeys::labels>("labels", "map of text", "", "without a meaning for an address of ours"));
void read_target_group(const Cursor& at, TargetKeys& out) { read_object(at, target_keys, out); }

void read_scheme(const Cursor& at, std::string& out) {
  read(at, out);
  if (out != "http" && out != "https") at.complain("wrong_type", fmt::format("expected http or https, found \"{}\"", out));
}

void read_api_version(const Cursor& at, std::string& out) {
  read(at, out);
  if (out == "v1") return at.complain("not_yet_supported", "alerts are handed over by the API v2 only");
  if (out != "v2") at.complain("wrong_type", fmt::format("expected v2, found \"{}\"", out));
}

using A = AlertmanagerKeys;
constexpr auto alertmanager_keys = table<A>(
    "alerting.alertmanagers[]",
    optional<&A::static_configs, read_each<TargetKeys, read_target_group>>("static_configs", "list", "", "targets by name"),
    optional<&A::scheme, read_scheme>("scheme", "http or https", "http", "of the targets"),
    optional<&A::path_prefix>("path_prefix", "path", "/", "of the targets"),
    optional<&A::timeout, read_positive>("timeout", "duration", "10s", "without a meaning for an address of ours"),
    optional<&A::api_version, read_api_version>("api_version", "v2", "v2", "how alerts are handed over"),
    later<A>("relabel_configs", ""), later<A>("basic_auth", ""), later<A>("authorization", ""), later<A>("oauth2", ""),
    later<A>("sigv4", ""), later<A>("bearer_token", ""), later<A>("bearer_token_file", ""), later<A>("tls_config", ""),
    later<A>("proxy_url", ""), later<A>("no_proxy", ""), later<A>("proxy_from_environment", ""),
    later<A>("proxy_connect_header", ""), later<A>("follow_redirects", ""), later<A>("enable_http2", ""),
    later<A>("http_headers", ""), later<A>("alert_relabel_configs", ""), later<A>("azure_sd_configs", ""),
    later<A>("consul_sd_configs", ""), later<A>("digitalocean_sd_configs", ""), later<A>("dns_sd_configs", ""),
    later<A>("docker_sd_configs", ""), later<A>("dockerswarm_sd_configs", ""), later<A>("ec2_sd_configs", ""),
    later<A>("eureka_sd_configs", ""), later<A>("file_sd_configs", ""), later<A>("gce_sd_configs", ""),
    later<A>("hetzner_sd_configs", ""), later<A>("http_sd_configs", ""), later<A>("ionos_sd_configs", ""),
    later<A>("kubernetes_sd_configs", ""), later<A>("kuma_sd_configs", ""), later<A>("lightsail_sd_configs", ""),
    later<A>("linode_sd_configs", ""), later<A>("marathon_sd_configs", ""), later<A>("nerve_sd_configs", ""),
    later<A>("nomad_sd_configs", ""), later<A>("openstack_sd_configs", ""), later<A>("ovhcloud_sd_configs", ""),
    later<A>("puppetdb_sd_configs", ""), later<A>("scaleway_sd_configs", ""), later<A>("serverset_sd_configs", ""),
    later<A>("triton_sd_configs", ""), later<A>("uyuni_sd_configs", ""), later<A>("vultr_sd_configs", ""));

void read_alertmanager(const Cursor& at, AlertmanagerKeys& out) {
  if (!read_object(at, alertmanager_keys, out)) return;
  for (TargetKeys& group : out.static_configs)
    for (NamedAlertmanager& named : group.targets) named.path_prefix = out.path_prefix;
}

constexpr auto alerting_keys = table<AlertingKeys>(
    "alerting",
    optional<&AlertingKeys::alertmanagers, read_each<AlertmanagerKeys, read_alertmanager>>(
        "alertmanagers", "list", "", "who is told of alerts: addresses of ours, whose routing is --alertmanager.config"),
    later<AlertingKeys>("alert_relabel_configs", "labels of alerts stay as the rules make them"));

std::string as_number(std::string_view address) {
  constexpr std::string_view local = "localhost:";
  return address.starts_with(local) ? "127.0.0.1:" + std::string(address.substr(local.size())) : std::string(address);
}

}  // namespace

void read_alerting(const Cursor& at, std::vector<NamedAlertmanager>& out) {
  AlertingKeys keys;
  if (!read_object(at, alerting_keys, keys)) return;
  for (AlertmanagerKeys& alertmanager : keys.alertmanagers)
    for (TargetKeys& group : alertmanager.static_configs)
      for (NamedAlertmanager& named : group.targets) out.push_back(std::move(named));
}

void check_alertmanagers(std::span<const NamedAlertmanager> named, std::span<const std::string> own_addresses, Report& report) {
  for (const NamedAlertmanager& each : named) {
    const bool is_own = std::any_of(own_addresses.begin(), own_addresses.end(), [&each](const std::string& own) {
      return as_number(own) == as_number(each.address);
    });
    if (is_own && (each.path_prefix.empty() || each.path_prefix == "/")) continue;
    report.add({Severity::error, "not_yet_supported", each.origin.place, each.origin.path,
                fmt::format("alerts are not handed to {}: name an address of --listen here and its routing with "
                            "--alertmanager.config, or take the target out",
                            each.address)});
  }
}

}  // namespace watchbill::config
