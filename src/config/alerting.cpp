#include "config/alerting.h"

#include <algorithm>

#include <fmt/core.h>

#include "config/http_client.h"
#include "config/reader.h"
#include "config/relabel.h"
#include "config/values.h"

namespace watchbill::config {
namespace {

using Alertmanagers = std::vector<AlertmanagerConfiguration>;

struct AlertmanagerKeys {
  ClientKeys client;
  std::string scheme{"http"};
  std::string path_prefix;
  std::string api_version{"v2"};
  Duration timeout{AlertmanagerConfiguration{}.timeout};
  std::vector<std::string> addresses;
};

void read_targets(const Cursor& at, std::vector<std::string>& out) {
  if (!is_list(at, "targets")) return;
  for (std::size_t i = 0; i < at.node().children.size(); ++i) {
    const Cursor element = at.element(i);
    std::string& address = out.emplace_back();
    read_filled(element, address);
    if (address.find('/') != std::string::npos)
      element.complain("wrong_type", fmt::format("expected HOST:PORT; scheme and path_prefix are keys, found \"{}\"", address));
  }
}

struct TargetKeys {
  std::vector<std::string> targets;
  Labels labels;
};
constexpr auto target_keys =
    table<TargetKeys>("alerting.alertmanagers[].static_configs[]",
                      optional<&TargetKeys::targets, read_targets>("targets", "list of HOST:PORT", "", "whom to tell"),
                      optional<&TargetKeys::labels>("labels", "map of text", "",
                                                    "without a meaning as long as there is no relabelling of targets"));
void read_target_group(const Cursor& at, std::vector<std::string>& out) {
  TargetKeys keys;
  if (!read_object(at, target_keys, keys)) return;
  out.insert(out.end(), keys.targets.begin(), keys.targets.end());
}
void read_target_groups(const Cursor& at, AlertmanagerKeys& out) {
  if (!is_list(at, "static_configs")) return;
  for (std::size_t i = 0; i < at.node().children.size(); ++i) read_target_group(at.element(i), out.addresses);
}

void read_path_prefix(const Cursor& at, std::string& out) {
  read(at, out);
  while (out.ends_with('/')) out.pop_back();
  if (!out.empty() && !out.starts_with('/')) out.insert(0, 1, '/');
}

void read_api_version(const Cursor& at, std::string& out) {
  read(at, out);
  if (out == "v1") return at.complain("not_yet_supported", "alerts are handed over by the API v2 only");
  if (out != "v2") at.complain("wrong_type", fmt::format("expected v2, found \"{}\"", out));
}

using A = AlertmanagerKeys;
constexpr auto alertmanager_keys = table<A>(
    "alerting.alertmanagers[]",
    whole<A, read_target_groups>("static_configs", "list", "", "targets by name"),
    optional<&A::scheme, read_http_scheme>("scheme", "http or https", "http", "of the targets"),
    optional<&A::path_prefix, read_path_prefix>("path_prefix", "path", "/", "of the targets"),
    optional<&A::timeout, read_positive>("timeout", "duration", "10s", "of one call"),
    optional<&A::api_version, read_api_version>("api_version", "v2", "v2", "how alerts are handed over"),
    client_key<A, read_basic_auth>("basic_auth", "settings", "", "as of jobs"),
    client_key<A, read_authorization>("authorization", "settings", "", "as of jobs"),
    client_key<A, read_bearer_token>("bearer_token", "env:NAME", "", "as of jobs"),
    client_key<A, read_bearer_token_file>("bearer_token_file", "path", "", "as of jobs"),
    client_key<A, read_proxy_url>("proxy_url", "URL or env:NAME", "", "as of jobs"),
    client_key<A, read_tls_config>("tls_config", "settings", "", "as of jobs"),
    client_key<A, read_enable_http2>("enable_http2", "truth", "true", "as of jobs"),
    later<A>("relabel_configs", ""), later<A>("oauth2", ""), later<A>("sigv4", ""),
    later<A>("no_proxy", ""), later<A>("proxy_from_environment", ""),
    later<A>("proxy_connect_header", ""), later<A>("follow_redirects", ""),
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

void read_alertmanagers(const Cursor& at, Alertmanagers& out) {
  if (!is_list(at, "alertmanagers")) return;
  for (std::size_t i = 0; i < at.node().children.size(); ++i) {
    AlertmanagerKeys keys;
    if (!read_object(at.element(i), alertmanager_keys, keys)) continue;
    const HttpClientConfiguration client = settle_client(at.element(i), keys.client);
    for (std::string& address : keys.addresses)
      out.push_back({std::move(address), client, keys.path_prefix, keys.scheme, keys.timeout});
  }
}

using R = AlertingConfiguration;
constexpr auto alerting_keys = table<R>(
    "alerting", optional<&R::alertmanagers, read_alertmanagers>("alertmanagers", "list", "", "who is told of alerts"),
    optional<&R::relabel, read_relabel_rules>("alert_relabel_configs", "list of rules", "", "of the labels that they are told"));

std::string as_number(std::string_view address) {
  constexpr std::string_view local = "localhost:";
  return address.starts_with(local) ? "127.0.0.1:" + std::string(address.substr(local.size())) : std::string(address);
}

}  // namespace

void read_alerting(const Cursor& at, AlertingConfiguration& out) { read_object(at, alerting_keys, out); }

std::vector<TableView> alerting_tables() { return {alerting_keys.view(), alertmanager_keys.view(), target_keys.view()}; }

void drop_own_alertmanagers(AlertingConfiguration& alerting, std::span<const std::string> own_addresses) {
  std::erase_if(alerting.alertmanagers, [&](const AlertmanagerConfiguration& each) {
    return each.path_prefix.empty() && std::any_of(own_addresses.begin(), own_addresses.end(), [&each](const std::string& own) {
             return as_number(own) == as_number(each.address);
           });
  });
}

}  // namespace watchbill::config
