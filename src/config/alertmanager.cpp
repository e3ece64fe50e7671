#include "config/alertmanager.h"

#include <fmt/core.h>

#include "config/alertmanager_inhibition.h"
#include "config/alertmanager_routes.h"
#include "config/alertmanager_times.h"
#include "config/texts.h"
#include "config/time_zones.h"
#include "config/values.h"

namespace watchbill::config {
namespace {

struct Receiver {
  std::string name;
  std::vector<WebhookConfiguration> webhooks;
};

struct GlobalKeys {
  Duration resolve_timeout{Duration::minutes(5)};
};

struct FileKeys {
  GlobalKeys global;
  std::vector<InhibitRuleConfiguration> inhibit_rules;
  std::vector<TimeIntervalKeys> mute_time_intervals;
  RouteKeys route;
  std::vector<Receiver> receivers;
  std::vector<TimeIntervalKeys> time_intervals;
};

void read_send_resolved(const Cursor& at, ResolvedNotice& out) {
  bool is_sent = true;
  read(at, is_sent);
  out = is_sent ? ResolvedNotice::sent : ResolvedNotice::omitted;
}

// Alertmanager's file is its own: a URL with a secret in it is taken as it is.
void read_webhook_url(const Cursor& at, std::string& out) {
  read_filled(at, out);
  if (!out.empty() && !is_url(out)) at.complain("out_of_range", "expected a URL such as https://HOST/PATH");
}

void read_count(const Cursor& at, std::uint64_t& out) { read_between<0, (std::int64_t{1} << 53) - 1>(at, out); }

using W = WebhookConfiguration;
constexpr auto webhook = table<W>(
    "receivers[].webhook_configs[]",
    optional<&W::url, read_webhook_url>("url", "URL", "", "where messages are posted; exactly one of url and url_file"),
    optional<&W::url_file, read_path>("url_file", "path", "", "a file that holds the URL"),
    optional<&W::resolved, read_send_resolved>("send_resolved", "truth", "true", "whether resolved alerts are told"),
    optional<&W::max_alerts, read_count>("max_alerts", "number", "0", "alerts of one message, the rest is counted; 0: all"),
    later<W>("http_config", "authentication, TLS and proxies of webhooks"), later<W>("timeout", ""));

void read_webhook(const Cursor& at, WebhookConfiguration& out) {
  if (!read_object(at, webhook, out)) return;
  const bool has_url = at.has("url");
  const bool has_file = at.has("url_file");
  if (has_url == has_file) at.complain("missing_key", "expected exactly one of the keys url and url_file");
}

constexpr auto receiver = table<Receiver>(
    "receivers[]", required(optional<&Receiver::name, read_filled>("name", "text", "", "unique; what routes name")),
    optional<&Receiver::webhooks, read_each<WebhookConfiguration, read_webhook>>("webhook_configs", "list", "",
                                                                                 "where messages are posted"),
    later<Receiver>("discord_configs", ""), later<Receiver>("email_configs", ""), later<Receiver>("incidentio_configs", ""),
    later<Receiver>("jira_configs", ""), later<Receiver>("mattermost_configs", ""), later<Receiver>("msteams_configs", ""),
    later<Receiver>("msteamsv2_configs", ""), later<Receiver>("opsgenie_configs", ""), later<Receiver>("pagerduty_configs", ""),
    later<Receiver>("pushover_configs", ""), later<Receiver>("rocketchat_configs", ""), later<Receiver>("slack_configs", ""),
    later<Receiver>("sns_configs", ""), later<Receiver>("telegram_configs", ""), later<Receiver>("victorops_configs", ""),
    later<Receiver>("webex_configs", ""), later<Receiver>("wechat_configs", ""));

void read_receiver(const Cursor& at, Receiver& out) { read_object(at, receiver, out); }

constexpr auto global = table<GlobalKeys>(
    "global (Alertmanager)",
    optional<&GlobalKeys::resolve_timeout>("resolve_timeout", "duration", "5m",
                                           "an alert that came without an end is resolved so long after its last word"),
    later<GlobalKeys>("http_config", ""), later<GlobalKeys>("discord_webhook_url", ""), later<GlobalKeys>("jira_api_url", ""),
    later<GlobalKeys>("mattermost_webhook_url", ""), later<GlobalKeys>("opsgenie_api_key", ""),
    later<GlobalKeys>("opsgenie_api_key_file", ""), later<GlobalKeys>("opsgenie_api_url", ""),
    later<GlobalKeys>("pagerduty_url", ""), later<GlobalKeys>("rocketchat_api_url", ""),
    later<GlobalKeys>("rocketchat_token", ""), later<GlobalKeys>("rocketchat_token_file", ""),
    later<GlobalKeys>("rocketchat_token_id", ""), later<GlobalKeys>("rocketchat_token_id_file", ""),
    later<GlobalKeys>("slack_api_url", ""), later<GlobalKeys>("slack_api_url_file", ""),
    later<GlobalKeys>("smtp_auth_identity", ""), later<GlobalKeys>("smtp_auth_password", ""),
    later<GlobalKeys>("smtp_auth_password_file", ""), later<GlobalKeys>("smtp_auth_secret", ""),
    later<GlobalKeys>("smtp_auth_username", ""), later<GlobalKeys>("smtp_from", ""), later<GlobalKeys>("smtp_hello", ""),
    later<GlobalKeys>("smtp_require_tls", ""), later<GlobalKeys>("smtp_smarthost", ""), later<GlobalKeys>("smtp_tls_config", ""),
    later<GlobalKeys>("telegram_api_url", ""), later<GlobalKeys>("telegram_bot_token", ""),
    later<GlobalKeys>("telegram_bot_token_file", ""), later<GlobalKeys>("victorops_api_key", ""),
    later<GlobalKeys>("victorops_api_key_file", ""), later<GlobalKeys>("victorops_api_url", ""),
    later<GlobalKeys>("webex_api_url", ""), later<GlobalKeys>("wechat_api_corp_id", ""),
    later<GlobalKeys>("wechat_api_secret", ""), later<GlobalKeys>("wechat_api_url", ""));

void read_global(const Cursor& at, GlobalKeys& out) { read_object(at, global, out); }

constexpr auto alertmanager_file = table<FileKeys>(
    "Alertmanager file", optional<&FileKeys::global, read_global>("global", "settings", "", "defaults of receivers"),
    required(optional<&FileKeys::route, read_route_keys>("route", "settings", "", "the root route: every alert enters here")),
    optional<&FileKeys::receivers, read_each<Receiver, read_receiver>>("receivers", "list", "", "who can be told"),
    optional<&FileKeys::inhibit_rules, read_inhibit_rules>("inhibit_rules", "list", "", "which alerts mute which others"),
    optional<&FileKeys::time_intervals, read_time_intervals>("time_intervals", "list", "", "times that routes name"),
    optional<&FileKeys::mute_time_intervals, read_time_intervals>("mute_time_intervals", "list", "",
                                                                  "the same, as it was called before"),
    later<FileKeys>("templates", "templates of notifications"), later<FileKeys>("tracing", ""));

Cursor list_of(const Cursor& at, std::string_view key) { return at.member(key, at.file().tree.find(at.index(), key)); }

// Gives the names of all, the wrong ones too.
std::vector<std::string_view> take_receivers(const Cursor& at, FileKeys& keys, RoutingConfiguration& out) {
  std::vector<std::string_view> names;
  for (std::size_t i = 0; i < keys.receivers.size(); ++i) {
    Receiver& each = keys.receivers[i];
    names.push_back(each.name);
    if (out.receivers.try_emplace(each.name, ReceiverConfiguration{std::move(each.webhooks)}).second || each.name.empty())
      continue;
    list_of(at, "receivers").element(i).complain("duplicate_name", fmt::format("the receiver {} is written twice", each.name));
  }
  return names;
}

void take_time_intervals(const Cursor& at, FileKeys& keys, const FileReader& files, RoutingConfiguration& out) {
  TimeZones zones(files);
  if (!keys.mute_time_intervals.empty())
    add_time_intervals(list_of(at, "mute_time_intervals"), keys.mute_time_intervals, zones, out.time_intervals);
  if (!keys.time_intervals.empty())
    add_time_intervals(list_of(at, "time_intervals"), keys.time_intervals, zones, out.time_intervals);
}

}  // namespace

RoutingConfiguration read_alertmanager_file(const Cursor& at, const FileReader& files) {
  RoutingConfiguration out;
  out.routes.emplace_back();
  FileKeys keys;
  if (!read_object(at, alertmanager_file, keys)) return out;
  out.resolve_timeout = keys.global.resolve_timeout;
  out.inhibit_rules = std::move(keys.inhibit_rules);
  take_time_intervals(at, keys, files, out);
  const std::vector<std::string_view> receivers = take_receivers(at, keys, out);
  std::vector<std::string_view> intervals;
  for (const auto& [name, interval] : out.time_intervals) intervals.push_back(name);
  if (const NodeIndex root = at.file().tree.find(at.index(), "route"); root != no_node)
    out.routes = lay_out_routes(at.member("route", root), keys.route, {receivers, intervals});
  return out;
}

std::vector<TableView> alertmanager_tables() {
  std::vector<TableView> out{alertmanager_file.view(), global.view()};
  for (const TableView& table : route_tables()) out.push_back(table);
  out.push_back(receiver.view());
  out.push_back(webhook.view());
  for (const TableView& table : inhibition_tables()) out.push_back(table);
  for (const TableView& table : time_tables()) out.push_back(table);
  return out;
}

}  // namespace watchbill::config
