#include "config/alertmanager.h"

#include <algorithm>
#include <set>

#include <fmt/core.h>

#include "base/spelling.h"
#include "config/texts.h"
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
  RootRoute route;
  std::vector<Receiver> receivers;
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

void read_group_by(const Cursor& at, std::vector<std::string>& out) {
  if (!is_list(at, "label names")) return;
  std::set<std::string> names;
  for (std::size_t i = 0; i < at.node().children.size(); ++i) {
    const Cursor element = at.element(i);
    std::string name;
    read(element, name);
    const bool is_all = name == "...";
    if (!is_all && !is_label_name(name)) element.complain("out_of_range", fmt::format("\"{}\" is no label name", name));
    if (is_all && at.node().children.size() > 1) element.complain("out_of_range", "... means all labels and stands alone");
    if (!names.insert(name).second) element.complain("duplicate_name", fmt::format("the label {} is written twice", name));
  }
  out.assign(names.begin(), names.end());
}

constexpr auto route = table<RootRoute>(
    "route", required(optional<&RootRoute::receiver, read_filled>("receiver", "text", "", "who is told")),
    optional<&RootRoute::group_by, read_group_by>("group_by", "list of label names", "",
                                                  "alerts that agree on these make one message; [...]: all"),
    optional<&RootRoute::group_wait>("group_wait", "duration", "30s", "wait before the first message of a group"),
    optional<&RootRoute::group_interval, read_positive>("group_interval", "duration", "5m",
                                                        "wait before telling of changes in a group"),
    optional<&RootRoute::repeat_interval, read_positive>("repeat_interval", "duration", "4h",
                                                         "wait before telling the same again"),
    later<RootRoute>("routes", "child routes"), later<RootRoute>("match", "matchers of routes"),
    later<RootRoute>("match_re", "matchers of routes"), later<RootRoute>("matchers", "matchers of routes"),
    later<RootRoute>("continue", "child routes"), later<RootRoute>("mute_time_intervals", "time intervals"),
    later<RootRoute>("active_time_intervals", "time intervals"), later<RootRoute>("labels", "labels of routes"));

void read_route(const Cursor& at, RootRoute& out) { read_object(at, route, out); }

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
    required(optional<&FileKeys::route, read_route>("route", "settings", "", "the root route: every alert takes it")),
    optional<&FileKeys::receivers, read_each<Receiver, read_receiver>>("receivers", "list", "", "who can be told"),
    later<FileKeys>("templates", "templates of notifications"), later<FileKeys>("inhibit_rules", "inhibition"),
    later<FileKeys>("time_intervals", "time intervals"), later<FileKeys>("mute_time_intervals", "time intervals"),
    later<FileKeys>("tracing", ""));

}  // namespace

RoutingConfiguration read_alertmanager_file(const Cursor& at) {
  RoutingConfiguration out;
  FileKeys keys;
  if (!read_object(at, alertmanager_file, keys)) return out;
  out.resolve_timeout = keys.global.resolve_timeout;
  out.route = keys.route;
  std::vector<std::string_view> names;
  for (std::size_t i = 0; i < keys.receivers.size(); ++i) {
    Receiver& each = keys.receivers[i];
    names.push_back(each.name);
    if (out.receivers.try_emplace(each.name, ReceiverConfiguration{std::move(each.webhooks)}).second || each.name.empty())
      continue;
    const Cursor list = at.member("receivers", at.file().tree.find(at.index(), "receivers"));
    list.element(i).complain("duplicate_name", fmt::format("the receiver {} is written twice", each.name));
  }
  const NodeIndex root = at.file().tree.find(at.index(), "route");
  const NodeIndex wanted = root == no_node ? no_node : at.file().tree.find(root, "receiver");
  if (wanted == no_node || keys.route.receiver.empty() || out.receivers.count(keys.route.receiver) != 0) return out;
  const Cursor route_at = at.member("route", root);
  const std::string_view nearest = nearest_spelling(keys.route.receiver, names);
  route_at.member("receiver", wanted)
      .complain("unknown_name", fmt::format("there is no receiver {}{}", keys.route.receiver,
                                            nearest.empty() ? "" : fmt::format("; did you mean {}?", nearest)));
  return out;
}

std::vector<TableView> alertmanager_tables() {
  return {alertmanager_file.view(), global.view(), route.view(), receiver.view(), webhook.view()};
}

}  // namespace watchbill::config
