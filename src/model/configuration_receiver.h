// Receivers of an Alertmanager file: each has integrations, and each of those is told by itself.
// Source: Alertmanager 0.25 config/notifiers.go; kinds that came later from the releases that brought them.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "model/configuration_client.h"
#include "model/fields.h"
#include "model/plan_value.h"

namespace watchbill {

// `send_resolved`
enum class ResolvedNotice : std::uint8_t { sent, omitted };
template <>
struct Words<ResolvedNotice> {
  static constexpr std::array<std::string_view, 2> table{"sent", "omitted"};
};

// How a channel speaks. The word and "_configs" is its key in the file.
enum class IntegrationKind : std::uint8_t {
  webhook,
  email,
  pagerduty,
  opsgenie,
  wechat,
  slack,
  victorops,
  pushover,
  sns,
  telegram,
  discord,
  webex,
  msteams,
  msteamsv2,
  jira,
  rocketchat,
  mattermost,
  incidentio,
};
template <>
struct Words<IntegrationKind> {
  static constexpr std::array<std::string_view, 18> table{
      "webhook",  "email",   "pagerduty", "opsgenie", "wechat",    "slack", "victorops",  "pushover",   "sns",
      "telegram", "discord", "webex",     "msteams",  "msteamsv2", "jira",  "rocketchat", "mattermost", "incidentio"};
};

// One entry of a `…_configs` list. What it leaves out is written out: the kind's default, or that of `global`.
//
// Secrets stand apart and by name, so that everything else can be shown and journaled: what the file says in clear is in
// `secrets`, a file that is read at each message in `secret_files`. The name is the key of the setting ("api_url",
// "routing_key"); of http_config "http_config.secret"; within lists "actions[0].url".
struct IntegrationConfiguration {
  HttpClientConfiguration client;  // `http_config`; its secret is in `secrets` when the file says it in clear
  IntegrationKind kind{IntegrationKind::webhook};
  std::uint64_t max_alerts{0};     // of one message; 0: all. Of webhooks
  ResolvedNotice resolved{ResolvedNotice::sent};
  std::map<std::string, std::string> secret_files;  // absolute
  std::map<std::string, std::string> secrets;
  // By the file's own keys. Texts and templates as they are written; truth as "true" or "false"; numbers as integers; durations
  // in milliseconds; lists and maps as such. A key that the file leaves out and that has no default is absent.
  PlanValues settings;
  template <class To> static constexpr auto fields(To&& to) {
    using I = IntegrationConfiguration;
    return to(field("client", &I::client), field("kind", &I::kind), field("max_alerts", &I::max_alerts),
              field("resolved", &I::resolved), field("secret_files", &I::secret_files), field("secrets", &I::secrets),
              field("settings", &I::settings));
  }
  friend bool operator==(const IntegrationConfiguration&, const IntegrationConfiguration&) = default;
};

// A webhook as journals have it from before there were other kinds.
struct WebhookConfiguration {
  std::uint64_t max_alerts{0};
  ResolvedNotice resolved{ResolvedNotice::sent};
  std::string url, url_file;
  template <class To> static constexpr auto fields(To&& to) {
    using W = WebhookConfiguration;
    return to(field("max_alerts", &W::max_alerts), field("resolved", &W::resolved), field("url", &W::url),
              field("url_file", &W::url_file));
  }
  friend bool operator==(const WebhookConfiguration&, const WebhookConfiguration&) = default;
};

// Without integrations a receiver takes notifications and tells nobody.
struct ReceiverConfiguration {
  std::vector<IntegrationConfiguration> integrations;  // by kind, and of each kind in the file's order
  std::vector<WebhookConfiguration> webhooks;          // in journals from before there were other kinds; else none
  template <class To> static constexpr auto fields(To&& to) {
    using R = ReceiverConfiguration;
    return to(field("integrations", &R::integrations), field("webhooks", &R::webhooks));
  }
  friend bool operator==(const ReceiverConfiguration&, const ReceiverConfiguration&) = default;
};

// What an integration of a receiver is called in deliveries: "ops/webhook[0]", as in Alertmanager's logs. The number counts those
// of its kind.
[[nodiscard]] inline std::string integration_name(std::string_view receiver, IntegrationKind kind, std::size_t number) {
  return std::string(receiver) + "/" + std::string(word(kind)) + "[" + std::to_string(number) + "]";
}

// A file of templates for notifications, as it was read: the journal keeps what it was, not what it says.
struct TemplateFileConfiguration {
  std::string path;    // absolute
  std::string digest;  // SHA-256 of its text, in hex
  template <class To> static constexpr auto fields(To&& to) {
    using T = TemplateFileConfiguration;
    return to(field("digest", &T::digest), field("path", &T::path));
  }
  friend bool operator==(const TemplateFileConfiguration&, const TemplateFileConfiguration&) = default;
};

}  // namespace watchbill
