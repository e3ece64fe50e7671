#include "config/alertmanager_receivers.h"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "config/http_client.h"
#include "config/integrations.h"
#include "config/values.h"

namespace watchbill::config {
namespace {

// A receiver while it is read.
struct Receiver {
  const GlobalKeys* global{nullptr};
  const NotificationTemplates* templates{nullptr};
  std::string name;
  std::vector<IntegrationConfiguration> integrations;
};

// Takes what `out` leaves out, or leaves empty, from `global`; of a secret and its file both, or none.
void inherit(const GlobalKeys& global, const std::vector<Inherited>& keys, IntegrationConfiguration& out) {
  const auto copy = [](const auto& from, std::string_view name, auto& to, std::string_view key) {
    if (const auto found = from.find(std::string(name)); found != from.end()) to[std::string(key)] = found->second;
  };
  for (const Inherited& each : keys) {
    if (!is_filled(out, each.key)) copy(global.settings, each.global, out.settings, each.key);
    if (has_secret(out, each.key)) continue;
    copy(global.secrets, each.global, out.secrets, each.key);
    copy(global.secret_files, each.global, out.secret_files, each.key);
  }
}

void inherit_client(const Cursor& at, const GlobalKeys& global, IntegrationConfiguration& out) {
  const auto copy = [&](std::string_view name) {
    if (const auto found = global.secrets.find(std::string(name)); found != global.secrets.end())
      out.secrets[std::string(name)] = found->second;
  };
  if (out.kind == IntegrationKind::email) {
    if (!at.has("tls_config")) out.client.tls = global.smtp_tls;
    return;
  }
  const bool has_own = at.has("http_config");
  if (!has_own) {
    out.client = global.client;
    copy(http_secret);
  }
  // Of this kind the proxy alone is inherited too. Source: Alertmanager 0.34 config/config.go.
  if (has_own && (out.kind != IntegrationKind::msteamsv2 || !out.client.proxy.empty())) return;
  out.client.proxy = global.client.proxy;
  copy(http_proxy_secret);
}

void read_integration(const Cursor& at, IntegrationKind kind, Receiver& receiver) {
  const Integration& how = integration_of(kind);
  IntegrationConfiguration out;
  out.kind = kind;
  if (!read_keys(at, how.table.keys, &out)) return;
  check_secret_pairs(at, out);
  inherit_client(at, *receiver.global, out);
  inherit(*receiver.global, how.inherited, out);
  fill_in(at, how.table.keys, &out);
  how.check(at, out);
  receiver.templates->check(at, how.table);
  receiver.integrations.push_back(std::move(out));
}

template <IntegrationKind kind>
void read_integrations(const Cursor& at, Receiver& out) {
  if (!is_list(at, "")) return;
  for (std::size_t i = 0; i < at.node().children.size(); ++i) read_integration(at.element(i), kind, out);
}

template <IntegrationKind kind>
constexpr KeyOf<Receiver> kind_key(std::string_view name, std::string_view text) {
  return whole<Receiver, read_integrations<kind>>(name, "list", "", text);
}

using Kind = IntegrationKind;
constexpr auto receiver_keys = table<Receiver>(
    "receivers[]", required(optional<&Receiver::name, read_filled>("name", "text", "", "unique; what routes name")),
    kind_key<Kind::discord>("discord_configs", "channels of Discord"), kind_key<Kind::email>("email_configs", "mail"),
    kind_key<Kind::incidentio>("incidentio_configs", "incident.io"), kind_key<Kind::jira>("jira_configs", "tickets of Jira"),
    kind_key<Kind::mattermost>("mattermost_configs", "channels of Mattermost"),
    kind_key<Kind::msteams>("msteams_configs", "Microsoft Teams, connectors of before 2025"),
    kind_key<Kind::msteamsv2>("msteamsv2_configs", "Microsoft Teams, flows"),
    kind_key<Kind::opsgenie>("opsgenie_configs", "Opsgenie"), kind_key<Kind::pagerduty>("pagerduty_configs", "PagerDuty"),
    kind_key<Kind::pushover>("pushover_configs", "Pushover"),
    kind_key<Kind::rocketchat>("rocketchat_configs", "channels of Rocket.Chat"),
    kind_key<Kind::slack>("slack_configs", "channels of Slack"), kind_key<Kind::sns>("sns_configs", "AWS SNS"),
    kind_key<Kind::telegram>("telegram_configs", "chats of Telegram"),
    kind_key<Kind::victorops>("victorops_configs", "VictorOps"),
    kind_key<Kind::webex>("webex_configs", "rooms of Webex"), kind_key<Kind::webhook>("webhook_configs", "any program with HTTP"),
    kind_key<Kind::wechat>("wechat_configs", "WeChat"));

bool has_key(std::span<const Key> keys, std::string_view name, bool& is_hidden) {
  for (const Key& key : keys)
    if (key.name == name) {
      is_hidden = is_secret(key);
      return true;
    }
  return false;
}

}  // namespace

std::vector<std::string_view> read_receivers(const Cursor& at, const GlobalKeys& global, const NotificationTemplates& templates,
                                             std::map<std::string, ReceiverConfiguration>& out) {
  std::vector<std::string_view> names;
  if (!is_list(at, "receivers")) return names;
  std::size_t count = 0;
  for (std::size_t i = 0; i < at.node().children.size(); ++i) {
    const Cursor element = at.element(i);
    Receiver receiver{&global, &templates, {}, {}};
    read_object(element, receiver_keys, receiver);
    count += receiver.integrations.size();
    if (count > integrations_max) {
      at.complain("too_large", fmt::format("more than {} integrations in one file", integrations_max));
      break;
    }
    std::stable_sort(receiver.integrations.begin(), receiver.integrations.end(),
                     [](const auto& a, const auto& b) { return a.kind < b.kind; });
    const auto [entry, is_new] = out.try_emplace(receiver.name);
    names.push_back(entry->first);
    if (is_new) entry->second.integrations = std::move(receiver.integrations);
    else if (!receiver.name.empty())
      element.complain("duplicate_name", fmt::format("the receiver {} is written twice", receiver.name));
  }
  return names;
}

bool is_secret_key(std::string_view list, std::string_view name) {
  bool is_hidden = false;
  if (list == "global") return has_key(global_table().keys, name, is_hidden) && is_hidden;
  for (std::size_t i = 0; i < Words<IntegrationKind>::table.size(); ++i)
    if (list == std::string(Words<IntegrationKind>::table[i]) + "_configs")
      return has_key(integration_of(static_cast<IntegrationKind>(i)).table.keys, name, is_hidden) && is_hidden;
  return false;
}

std::vector<TableView> receiver_tables() {
  std::vector<TableView> out{receiver_keys.view()};
  for (std::size_t i = 0; i < Words<IntegrationKind>::table.size(); ++i) {
    const Integration& each = integration_of(static_cast<IntegrationKind>(i));
    out.push_back(each.table);
    out.insert(out.end(), each.below.begin(), each.below.end());
  }
  out.push_back(http_config_table());
  return out;
}

}  // namespace watchbill::config
