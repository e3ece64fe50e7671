// Receivers of an Alertmanager file: every kind with what it leaves out, what it has from `global`, and what is refused.
#include <set>

#include <gtest/gtest.h>

#include "config/alertmanager_receivers.h"
#include "config/alertmanager_text.h"
#include "config/cases.h"
#include "config/integrations.h"
#include "receivers/templates.h"
#include "template/analysis.h"
#include "template/notification.h"

namespace watchbill::config {
namespace {

Loaded load_receivers(const std::string& text, MemoryFiles files = {}) {
  files["/etc/am/am.yml"] = text;
  FileReader reader = reader_of(files);
  // Folders too, as a disk lists them.
  reader.list = [&files](const std::string& folder) -> Result<std::vector<std::string>> {
    const std::string below = folder == "/" ? "/" : folder + "/";
    std::set<std::string> names;
    for (const auto& [path, content] : files)
      if (path.starts_with(below)) names.insert(path.substr(below.size(), path.find('/', below.size()) - below.size()));
    return std::vector<std::string>(names.begin(), names.end());
  };
  return check_alertmanager_file("/etc/am/am.yml", reader);
}

// A file with one receiver `r`; `integrations` is its keys, `before` what stands before the route.
std::string file_with(const std::string& integrations, const std::string& before = "") {
  return before + "\nroute: {receiver: r}\nreceivers: [{name: r, " + integrations + "}]\n";
}

std::vector<IntegrationConfiguration> integrations_of(const std::string& integrations, const std::string& before = "") {
  const Loaded loaded = load_receivers(file_with(integrations, before));
  EXPECT_EQ(report_of(loaded), "ok\n") << integrations;
  if (!loaded.configuration) return {};
  return loaded.configuration->routing->receivers.at("r").integrations;
}

IntegrationConfiguration one(const std::string& integration, const std::string& before = "") {
  const std::vector<IntegrationConfiguration> all = integrations_of(integration, before);
  EXPECT_EQ(all.size(), 1U) << integration;
  return all.empty() ? IntegrationConfiguration() : all.front();
}

// What each kind cannot be without.
const std::map<IntegrationKind, std::string> least{
    {IntegrationKind::webhook, "url: 'http://h/'"},
    {IntegrationKind::email, "to: a@h, from: b@h, smarthost: 'h:25'"},
    {IntegrationKind::pagerduty, "routing_key: k"},
    {IntegrationKind::opsgenie, "api_key: k"},
    {IntegrationKind::wechat, "api_secret: k, corp_id: c"},
    {IntegrationKind::slack, "api_url: 'http://h/'"},
    {IntegrationKind::victorops, "api_key: k, routing_key: r"},
    {IntegrationKind::pushover, "user_key: u, token: t"},
    {IntegrationKind::sns, "topic_arn: t, sigv4: {region: r, access_key: a, secret_key: s}"},
    {IntegrationKind::telegram, "bot_token: t, chat_id: -7"},
    {IntegrationKind::discord, "webhook_url: 'http://h/'"},
    {IntegrationKind::webex, "room_id: r, http_config: {authorization: {credentials: t}}"},
    {IntegrationKind::msteams, "webhook_url: 'http://h/'"},
    {IntegrationKind::msteamsv2, "webhook_url: 'http://h/'"},
    {IntegrationKind::jira, "api_url: 'http://h/rest/api/2', project: P, issue_type: Bug"},
    {IntegrationKind::rocketchat, "token: t, token_id: i"},
    {IntegrationKind::mattermost, "webhook_url: 'http://h/'"},
    {IntegrationKind::incidentio, "url: 'http://h/', alert_source_token: t"}};

std::string least_of(IntegrationKind kind, const std::string& more = "") {
  return std::string(word(kind)) + "_configs: [{" + least.at(kind) + (more.empty() ? "" : ", " + more) + "}]";
}

template <class Look>
void for_each_kind(Look&& look) {
  for (std::size_t i = 0; i < Words<IntegrationKind>::table.size(); ++i) look(static_cast<IntegrationKind>(i));
}

TEST(receivers, the_defaults_of_each_kind_are_written_out) {
  for_each_kind([](IntegrationKind kind) {
    const IntegrationConfiguration read = one(least_of(kind));
    EXPECT_EQ(read.kind, kind);
    for (const Key& key : integration_of(kind).table.keys) {
      if (key.name == "send_resolved") {
        EXPECT_EQ(read.resolved, key.fallback == "true" ? ResolvedNotice::sent : ResolvedNotice::omitted) << word(kind);
        continue;
      }
      const bool has_setting = read.settings.contains(std::string(key.name));
      if (key.fallback.empty() || key.name == "max_alerts" || key.type == "false" || key.name == "use_aws_http_client") continue;
      ASSERT_TRUE(has_setting) << word(kind) << "." << key.name;
      const PlanValue& value = read.settings.at(std::string(key.name));
      const bool is_duration = key.type == "duration (Go)";
      EXPECT_EQ(value, is_duration ? PlanValue(parse_duration(key.fallback)->ms) : PlanValue(std::string(key.fallback)))
          << word(kind) << "." << key.name;
    }
  });
}

TEST(receivers, resolved_alerts_are_told_as_alertmanager_does) {
  for_each_kind([](IntegrationKind kind) {
    const bool is_quiet = kind == IntegrationKind::email || kind == IntegrationKind::slack || kind == IntegrationKind::wechat ||
                          kind == IntegrationKind::rocketchat;
    EXPECT_EQ(one(least_of(kind)).resolved, is_quiet ? ResolvedNotice::omitted : ResolvedNotice::sent) << word(kind);
    EXPECT_EQ(one(least_of(kind, "send_resolved: true")).resolved, ResolvedNotice::sent);
    EXPECT_EQ(one(least_of(kind, "send_resolved: no")).resolved, ResolvedNotice::omitted);
  });
}

TEST(receivers, defaults_call_templates_that_there_are) {
  const auto library =
      text_template::parse({"default.tmpl", receivers::default_templates()}, text_template::Place::notification);
  ASSERT_TRUE(library);
  const auto look = [&library](const std::string& text) {
    const auto parsed = text_template::parse({"setting", text}, text_template::Place::notification, &*library);
    ASSERT_TRUE(parsed) << text;
    EXPECT_TRUE(text_template::check(*parsed, text_template::notification_shape())) << text;
  };
  for_each_kind([&](IntegrationKind kind) {
    for (const auto& [key, value] : one(least_of(kind)).settings) {
      if (const std::string* text = value.as_text()) look(*text);
      if (value.as_map() == nullptr) continue;
      for (const auto& [name, inner] : *value.as_map())
        if (const std::string* text = inner.as_text()) look(*text);
    }
  });
}

// The tables say which they are, so a new one cannot be forgotten here.
TEST(receivers, secrets_are_apart_and_hidden) {
  for_each_kind([](IntegrationKind kind) {
    for (const Key& key : integration_of(kind).table.keys) {
      if (!is_secret(key)) continue;
      const std::string list = std::string(word(kind)) + "_configs";
      const std::string secret = std::string(key.name) + ": 'http://hidden/'";
      const auto tree = parse_tree("receivers: [{name: shown, " + list + ": [{" + secret + "}]}]");
      ASSERT_TRUE(tree);
      const std::string text = alertmanager_text(*tree);
      EXPECT_EQ(text.find("hidden"), std::string::npos) << text;
      EXPECT_NE(text.find("shown"), std::string::npos) << text;
    }
    const IntegrationConfiguration read = one(least_of(kind));
    for (const Key& key : integration_of(kind).table.keys)
      EXPECT_FALSE(is_secret(key) && read.settings.contains(std::string(key.name))) << word(kind) << "." << key.name;
  });
  for (const Key& key : global_table().keys) {
    if (!is_secret(key)) continue;
    const auto tree = parse_tree("global: {" + std::string(key.name) + ": hidden}");
    EXPECT_EQ(alertmanager_text(*tree).find("hidden"), std::string::npos) << key.name;
  }
}

TEST(receivers, integrations_are_in_the_order_of_kinds_and_of_the_file) {
  const auto all = integrations_of(
      "slack_configs: [{api_url: 'http://1/'}, {api_url: 'http://2/'}], webhook_configs: [{url: 'http://3/', max_alerts: 4}]");
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0].kind, IntegrationKind::webhook);
  EXPECT_EQ(all[0].max_alerts, 4U);
  EXPECT_EQ(all[0].secrets.at("url"), "http://3/");
  EXPECT_EQ(all[1].secrets.at("api_url"), "http://1/");
  EXPECT_EQ(all[2].secrets.at("api_url"), "http://2/");
}

TEST(receivers, mail_has_from_global_what_it_leaves_out) {
  const std::string global =
      "global: {smtp_smarthost: 'mail:587', smtp_from: f@h, smtp_auth_username: u, smtp_auth_password: p, "
      "smtp_auth_identity: i, smtp_require_tls: false, smtp_tls_config: {server_name: n}, smtp_hello: ''}";
  const IntegrationConfiguration inherited = one("email_configs: [{to: t@h, headers: {x-a: b}}]", global);
  EXPECT_EQ(text_of(inherited.settings, "smarthost"), "mail:587");
  EXPECT_EQ(text_of(inherited.settings, "from"), "f@h");
  EXPECT_EQ(text_of(inherited.settings, "hello"), "");
  EXPECT_EQ(text_of(inherited.settings, "auth_identity"), "i");
  EXPECT_EQ(text_of(inherited.settings, "require_tls"), "false");
  EXPECT_EQ(inherited.secrets, (std::map<std::string, std::string>{{"auth_password", "p"}}));
  EXPECT_EQ(inherited.client.tls->server_name, "n");
  const PlanValue::Map headers{{"X-A", "b"}, {"Subject", R"({{ template "email.default.subject" . }})"}};
  EXPECT_EQ(inherited.settings.at("headers"), PlanValue(headers));
  const IntegrationConfiguration own = one(
      "email_configs: [{to: t@h, from: '', auth_password_file: pw, require_tls: true, tls_config: {server_name: m}}]",
      global);
  EXPECT_EQ(text_of(own.settings, "from"), "f@h") << "an empty text is left out, as there";
  EXPECT_EQ(text_of(own.settings, "require_tls"), "true");
  EXPECT_TRUE(own.secrets.empty());
  EXPECT_EQ(own.secret_files.at("auth_password"), "/etc/am/pw");
  EXPECT_EQ(own.client.tls->server_name, "m");
  EXPECT_EQ(text_of(one(least_of(IntegrationKind::email)).settings, "require_tls"), "true");
  EXPECT_EQ(text_of(one(least_of(IntegrationKind::email)).settings, "hello"), "localhost");
}

TEST(receivers, keys_and_addresses_come_from_global) {
  const std::string global =
      "global: {opsgenie_api_key_file: k, opsgenie_api_url: 'http://o/x', victorops_api_key: v, wechat_api_secret: w, "
      "wechat_api_corp_id: c, telegram_bot_token: t, slack_api_url: 'http://s/', jira_api_url: 'http://j/', "
      "rocketchat_token: a, rocketchat_token_id_file: /b, mattermost_webhook_url: 'http://m/', pagerduty_url: 'http://p/'}";
  const IntegrationConfiguration opsgenie = one("opsgenie_configs: [{}]", global);
  EXPECT_EQ(opsgenie.secret_files.at("api_key"), "/etc/am/k");
  EXPECT_EQ(text_of(opsgenie.settings, "api_url"), "http://o/x/");
  const IntegrationConfiguration own = one("opsgenie_configs: [{api_key: own, api_url: 'http://q/'}]", global);
  EXPECT_EQ(own.secrets.at("api_key"), "own");
  EXPECT_TRUE(own.secret_files.empty()) << "a secret and its file are inherited together or not at all";
  EXPECT_EQ(text_of(own.settings, "api_url"), "http://q/");
  EXPECT_EQ(one("victorops_configs: [{routing_key: r}]", global).secrets.at("api_key"), "v");
  EXPECT_EQ(one("wechat_configs: [{}]", global).secrets.at("api_secret"), "w");
  EXPECT_EQ(text_of(one("wechat_configs: [{}]", global).settings, "api_url"), "https://qyapi.weixin.qq.com/cgi-bin/");
  EXPECT_EQ(one("telegram_configs: [{chat_id_file: c}]", global).secret_files.at("chat_id"), "/etc/am/c");
  EXPECT_EQ(one("slack_configs: [{}]", global).secrets.at("api_url"), "http://s/");
  EXPECT_EQ(text_of(one("jira_configs: [{project: p, issue_type: b}]", global).settings, "api_url"), "http://j/");
  EXPECT_EQ(one("rocketchat_configs: [{}]", global).secret_files.at("token_id"), "/b");
  EXPECT_EQ(one("mattermost_configs: [{}]", global).secrets.at("webhook_url"), "http://m/");
  EXPECT_EQ(text_of(one("pagerduty_configs: [{service_key: k}]", global).settings, "url"), "http://p/");
}

TEST(receivers, http_config_is_the_own_one_or_that_of_global) {
  const std::string global = "global: {http_config: {proxy_url: 'http://u:p@proxy:1', bearer_token: t}}";
  const IntegrationConfiguration inherited = one("webhook_configs: [{url: 'http://h/'}]", global);
  EXPECT_EQ(inherited.client.authorization, "Bearer");
  EXPECT_EQ(inherited.client.proxy, "http://proxy:1");
  EXPECT_EQ(inherited.secrets, (std::map<std::string, std::string>{
                                   {"http_config.proxy", "u:p"}, {"http_config.secret", "t"}, {"url", "http://h/"}}));
  const IntegrationConfiguration own =
      one("webhook_configs: [{url: 'http://h/', http_config: {basic_auth: {username: u, password: 'env:NO_NAME'}, "
          "follow_redirects: false, tls_config: {insecure_skip_verify: true}}}]",
          global);
  EXPECT_EQ(own.client.authorization, "Basic");
  EXPECT_EQ(own.client.username, "u");
  EXPECT_EQ(own.client.proxy, "");
  EXPECT_EQ(own.client.secret, "");
  EXPECT_TRUE(own.client.refuses_redirects);
  EXPECT_TRUE(own.client.tls->skip_verification);
  EXPECT_EQ(own.secrets.at("http_config.secret"), "env:NO_NAME") << "there it is a password like any other";
  const IntegrationConfiguration file =
      one("webhook_configs: [{url: 'http://h/', http_config: {authorization: {type: Token, credentials_file: c}}}]", global);
  EXPECT_EQ(file.client.authorization, "Token");
  EXPECT_EQ(file.client.secret_file, "/etc/am/c");
  const IntegrationConfiguration teams = one("msteamsv2_configs: [{webhook_url: 'http://h/', http_config: {}}]", global);
  EXPECT_EQ(teams.client.proxy, "http://proxy:1");
  EXPECT_EQ(teams.client.authorization, "");
}

TEST(receivers, maps_and_lists_are_read_as_senders_want_them) {
  const IntegrationConfiguration slack =
      one(least_of(IntegrationKind::slack,
                   "fields: [{title: t, value: v, short: true}], mrkdwn_in: [text], "
                   "actions: [{type: button, text: t, url: u, name: n}, {type: button, text: t, name: n, confirm: {text: c}}]"));
  const PlanValue::Map field{{"short", "true"}, {"title", "t"}, {"value", "v"}};
  EXPECT_EQ(slack.settings.at("fields"), PlanValue(PlanValue::List{field}));
  EXPECT_EQ(slack.settings.at("actions"),
            PlanValue(PlanValue::List{PlanValue::Map{{"text", "t"}, {"type", "button"}, {"url", "u"}},
                                      PlanValue::Map{{"confirm", PlanValue::Map{{"text", "c"}}}, {"name", "n"}, {"text", "t"},
                                                     {"type", "button"}}}))
      << "a link is no action, as there";
  const IntegrationConfiguration jira = one(least_of(
      IntegrationKind::jira, "summary: {enable_update: false}, description: d, reopen_duration: 1h, "
                             "fields: {a: yes, b: 3, c: [x, {d: 1.5}], e: 'true'}"));
  EXPECT_EQ(text_of(jira.settings, "summary"), R"({{ template "jira.default.summary" . }})");
  EXPECT_EQ(text_of(jira.settings, "summary.enable_update"), "false");
  EXPECT_EQ(text_of(jira.settings, "description"), "d");
  EXPECT_EQ(text_of(jira.settings, "description.enable_update"), "true");
  EXPECT_EQ(jira.settings.at("reopen_duration"), PlanValue(std::int64_t{3'600'000}));
  EXPECT_EQ(jira.settings.at("fields"),
            PlanValue(PlanValue::Map{{"a", "true"}, {"b", std::int64_t{3}},
                                     {"c", PlanValue::List{"x", PlanValue::Map{{"d", "1.5"}}}}, {"e", "true"}}));
  const IntegrationConfiguration mattermost =
      one(least_of(IntegrationKind::mattermost, "props: {card: c}, priority: {priority: urgent, requested_ack: true}"));
  EXPECT_EQ(text_of(mattermost.settings, "props.card"), "c");
  EXPECT_EQ(text_of(mattermost.settings, "priority.requested_ack"), "true");
  EXPECT_EQ(text_of(mattermost.settings, "priority.persistent_notifications"), "false");
  const IntegrationConfiguration sns = one(least_of(IntegrationKind::sns));
  EXPECT_EQ(text_of(sns.settings, "sigv4.access_key"), "a");
  EXPECT_EQ(sns.secrets.at("sigv4.secret_key"), "s");
  const IntegrationConfiguration pushover = one(least_of(IntegrationKind::pushover, "retry: 1m30s, expire: 1.5h, ttl: 90s"));
  EXPECT_EQ(pushover.settings.at("retry"), PlanValue(std::int64_t{90'000}));
  EXPECT_EQ(pushover.settings.at("expire"), PlanValue(std::int64_t{5'400'000}));
  const IntegrationConfiguration pagerduty = one(least_of(IntegrationKind::pagerduty, "details: {firing: f, x: y}, client: c"));
  EXPECT_EQ(text_of(*pagerduty.settings.at("details").as_map(), "firing"), "f");
  EXPECT_EQ(pagerduty.settings.at("details").as_map()->size(), 5U);
  EXPECT_EQ(text_of(pagerduty.settings, "source"), "c");
  EXPECT_EQ(one(least_of(IntegrationKind::opsgenie, "responders: [{name: n, type: TEAM}]")).settings.at("responders"),
            PlanValue(PlanValue::List{PlanValue::Map{{"name", "n"}, {"type", "team"}}}));
}

TEST(receivers, a_token_of_a_slack_app_is_its_header) {
  const IntegrationConfiguration own = one("slack_configs: [{app_token: x, channel: c}]", "global: {slack_api_url: 'http://s/'}");
  EXPECT_EQ(own.client.authorization, "Bearer");
  EXPECT_EQ(own.secrets, (std::map<std::string, std::string>{{"api_url", "https://slack.com/api/chat.postMessage"},
                                                             {"http_config.secret", "x"}}));
  const std::string global = "global: {slack_app_token_file: f}";
  EXPECT_EQ(one("slack_configs: [{}]", global).client.secret_file, "/etc/am/f");
  EXPECT_EQ(one("slack_configs: [{api_url: 'http://s/'}]", global).secrets.at("api_url"), "http://s/");
}

struct Refused {
  std::string receiver;
  std::string report;  // a part of it
};

const auto more = [](IntegrationKind kind, const std::string& keys) { return least_of(kind, keys); };
using Kind = IntegrationKind;
const std::vector<Refused> all_refused = {
      {"webhook_configs: [{}]", "webhook_configs[0]: expected exactly one of the keys url and url_file [missing_key]"},
      {more(Kind::webhook, "url_file: f"), "expected at most one of the keys url and url_file"},
      {"webhook_configs: [{url: 'ftp://h'}]", "webhook_configs[0].url: expected a URL such as https://HOST/PATH"},
      {"webhook_configs: [{url: 'http://h/{{ .x }}'}]", "webhook_configs[0].url: this release takes no templates"},
      {more(Kind::webhook, "payload: {}"), "payload: this release does not have it"},
      {more(Kind::webhook, "timeout: soon"), "timeout: expected a duration such as 90s"},
      {more(Kind::webhook, "max_alerts: -1"), "max_alerts: expected a whole number"},
      {more(Kind::webhook, "http_config: {oauth2: {}}"), "http_config.oauth2: this release does not have it"},
      {more(Kind::webhook, "http_config: {basic_auth: {}, authorization: {credentials: x}}"),
       "http_config: expected at most one of the keys basic_auth and authorization"},
      {more(Kind::webhook, "http_config: {basic_auth: {password: x, password_file: y}}"),
       "basic_auth: expected at most one of the keys password and password_file"},
      {more(Kind::webhook, "http_config: {authorization: {type: Basic}}"), "type: basic is written as basic_auth"},
      {"webhook_configs: [null]", "webhook_configs[0]: expected an object with keys, found nothing"},
      {"email_configs: [{smarthost: 'h:1', from: f}]", "email_configs[0]: the key to is required"},
      {"email_configs: [{to: t, from: f}]", "expected the key smarthost, or smtp_smarthost in global"},
      {"email_configs: [{to: t, smarthost: 'h:1'}]", "expected the key from, or smtp_from in global"},
      {"email_configs: [{to: t, from: f, smarthost: h}]", "smarthost: expected HOST:PORT"},
      {more(Kind::email, "headers: {subject: a, Subject: b}"), "headers: the header Subject is written twice"},
      {more(Kind::email, "auth_password: p, auth_password_file: f"), "at most one of the keys auth_password and"},
      {more(Kind::email, "threading: {enabled: true}"), "threading: the key thread_by_date is required"},
      {more(Kind::email, "threading: {enabled: true, thread_by_date: none}, headers: {references: x}"),
       "headers: expected no header References beside threading"},
      {"pagerduty_configs: [{}]", "expected one of the keys routing_key, routing_key_file, service_key and service_key_file"},
      {more(Kind::pagerduty, "routing_key_file: f"), "at most one of the keys routing_key and routing_key_file"},
      {"opsgenie_configs: [{}]", "expected one of the keys api_key and api_key_file, or opsgenie_api_key in global"},
      {more(Kind::opsgenie, "responders: [{type: team}]"), "responders[0]: expected one of the keys id, name and username"},
      {more(Kind::opsgenie, "responders: [{id: x, type: dog}]"), "responders[0]: expected type to be team, teams, user"},
      {more(Kind::opsgenie, "teams: x"), "teams: unknown key"},
      {"wechat_configs: [{corp_id: c}]", "expected one of the keys api_secret and api_secret_file, or wechat_api_secret"},
      {"wechat_configs: [{api_secret: c}]", "expected the key corp_id, or wechat_api_corp_id in global"},
      {more(Kind::wechat, "message_type: html"), "message_type:"},
      {"slack_configs: [{}]", "expected one of the keys api_url and api_url_file, or slack_api_url in global"},
      {more(Kind::slack, "app_token: x"), "expected at most one of the keys api_url and app_token"},
      {"slack_configs: [{app_token: x, http_config: {bearer_token: y}}]", "expected no authorization in http_config"},
      {more(Kind::slack, "update_message: true"), "update_message: this release does not change messages"},
      {more(Kind::slack, "fields: [{title: t}]"), "fields[0]: the key value is required"},
      {more(Kind::slack, "actions: [{type: t, text: t}]"), "actions[0]: expected one of the keys url and name"},
      {more(Kind::slack, "actions: [{type: t, text: t, name: n, confirm: {}}]"), "confirm: the key text is required"},
      {"victorops_configs: [{api_key: k}]", "the key routing_key is required"},
      {"victorops_configs: [{routing_key: k}]", "expected one of the keys api_key and api_key_file, or victorops_api_key"},
      {more(Kind::victorops, "custom_fields: {entity_id: x}"), "custom_fields: expected no field entity_id"},
      {"pushover_configs: [{token: t}]", "expected one of the keys user_key and user_key_file"},
      {"pushover_configs: [{user_key: t}]", "expected one of the keys token and token_file"},
      {more(Kind::pushover, "html: true, monospace: true"), "expected at most one of html and monospace"},
      {more(Kind::sns, "target_arn: t"), "expected exactly one of the keys topic_arn, target_arn and phone_number"},
      {"sns_configs: [{topic_arn: t, sigv4: {region: r}}]", "sigv4: this release does not ask the environment for credentials"},
      {"sns_configs: [{topic_arn: t}]", "expected sigv4.region"},
      {"sns_configs: [{topic_arn: t, sigv4: {region: r, access_key: k}}]", "sigv4: expected both of the keys access_key and"},
      {"sns_configs: [{topic_arn: t, sigv4: {profile: p}}]", "sigv4.profile: this release does not have it"},
      {"telegram_configs: [{bot_token: t}]", "expected exactly one of the keys chat_id, which is not 0, and chat_id_file"},
      {"telegram_configs: [{bot_token: t, chat_id: 0}]", "expected exactly one of the keys chat_id, which is not 0"},
      {more(Kind::telegram, "chat_id_file: f"), "expected exactly one of the keys chat_id, which is not 0"},
      {"telegram_configs: [{chat_id: 1}]", "expected one of the keys bot_token and bot_token_file, or telegram_bot_token"},
      {more(Kind::telegram, "parse_mode: html2"), "parse_mode:"},
      {"discord_configs: [{}]", "expected one of the keys webhook_url and webhook_url_file"},
      {more(Kind::discord, "webhook_url_file: f"), "at most one of the keys webhook_url and webhook_url_file"},
      {"webex_configs: [{room_id: r}]", "expected http_config.authorization"},
      {"webex_configs: [{http_config: {authorization: {credentials: t}}}]", "the key room_id is required"},
      {"msteams_configs: [{}]", "expected one of the keys webhook_url and webhook_url_file"},
      {"msteamsv2_configs: [{webhook_url: h}]", "webhook_url: expected a URL such as"},
      {"jira_configs: [{project: p, issue_type: t}]", "expected the key api_url, or jira_api_url in global"},
      {"jira_configs: [{api_url: 'http://h'}]", "the key project is required"},
      {more(Kind::jira, "api_type: x"), "api_type:"},
      {"rocketchat_configs: [{token: t}]", "expected one of the keys token_id and token_id_file, or rocketchat_token_id"},
      {"mattermost_configs: [{}]", "expected one of the keys webhook_url and webhook_url_file, or mattermost_webhook_url"},
      {"incidentio_configs: [{url: 'http://h'}]", "expected one of the keys alert_source_token, alert_source_token_file and"},
      {more(Kind::incidentio, "http_config: {bearer_token: x}"), "expected at most one of alert_source_token and http_config"},
      {more(Kind::incidentio, "url_file: x"), "expected exactly one of the keys url and url_file"},
  };

TEST(receivers, what_cannot_be_told_is_refused_by_name) {
  for (const Refused& each : all_refused) {
    const Loaded loaded = load_receivers(file_with(each.receiver));
    EXPECT_FALSE(loaded.configuration) << each.receiver;
    EXPECT_NE(report_of(loaded).find(each.report), std::string::npos) << each.receiver << "\n" << report_of(loaded);
  }
}

TEST(receivers, a_global_that_is_none_is_one_complaint) {
  const Loaded loaded = load_receivers(file_with(least_of(IntegrationKind::pagerduty), "global: [x]"));
  EXPECT_EQ(report_of(loaded),
            "/etc/am/am.yml:1:9: error: global: expected an object with keys, found a list [wrong_type]\n");
}

TEST(receivers, no_secret_is_repeated_in_what_is_said_about_it) {
  const std::string text = file_with(
      "slack_configs: [{api_url: hidden}], webhook_configs: [{url: hidden}, {url: 'http://h/', http_config: {proxy_url: "
      "'http://u:hidden@'}}], pagerduty_configs: [{routing_key: '{{ hidden '}], discord_configs: [{webhook_url: [hidden]}]");
  EXPECT_EQ(report_of(load_receivers(text)).find("hidden"), std::string::npos) << report_of(load_receivers(text));
}

TEST(receivers, template_files_are_found_and_read_in_their_order) {
  const MemoryFiles files{{"/etc/am/t/b.tmpl", R"({{ define "b" }}2{{ end }})"},
                          {"/etc/am/t/a.tmpl", R"({{ define "a" }}{{ template "b" . }}{{ end }})"},
                          {"/etc/am/t/.c.tmpl", R"({{ define "c" }}{{ end }})"},
                          {"/etc/am/u/x/d.tmpl", "{{ define \"d\" }}{{ end }}"},
                          {"/etc/am/first", "{{ define \"b\" }}1{{ end }}"}};
  const Loaded loaded = load_receivers(
      file_with(least_of(IntegrationKind::slack, R"(title: '{{ template "a" . }}{{ template "d" . }}')"),
                "templates: [first, 't/*.tmpl', '*/?/d.tmpl', 'none/*', first]"),
      files);
  EXPECT_EQ(report_of(loaded), "ok\n");
  std::string paths;
  for (const TemplateText& each : loaded.notification_templates) paths += each.path + " ";
  EXPECT_EQ(paths, "/etc/am/t/.c.tmpl /etc/am/t/a.tmpl /etc/am/t/b.tmpl /etc/am/u/x/d.tmpl /etc/am/first ")
      << "stars find hidden names there, and what is named twice is read where it counts: last";
  const auto& read = loaded.configuration->routing->templates;
  ASSERT_EQ(read.size(), 5U);
  EXPECT_EQ(read[4].path, "/etc/am/first");
  EXPECT_EQ(read[4].digest.size(), 64U);
  EXPECT_EQ(loaded.notification_templates[4].text, "{{ define \"b\" }}1{{ end }}");
}

TEST(receivers, templates_that_are_wrong_are_told_where_they_stand) {
  const Loaded broken = load_receivers(file_with(least_of(IntegrationKind::webhook), "templates: ['*.tmpl', '[a']"),
                                       {{"/etc/am/x.tmpl", "{{ define \"x\" }}\n  {{ nothing }}{{ end }}"}});
  EXPECT_FALSE(broken.configuration);
  EXPECT_NE(report_of(broken).find("/etc/am/x.tmpl:2:6: error: templates[0]: "), std::string::npos) << report_of(broken);
  EXPECT_NE(report_of(broken).find("templates[1]: expected a path or a pattern"), std::string::npos) << report_of(broken);
  const Loaded wrong = load_receivers(
      "templates: ['*.tmpl', missing.tmpl]\nroute: {receiver: r}\nreceivers:\n- name: r\n  slack_configs:\n"
      "  - api_url: http://h/\n    title: '{{ template \"mine\" . }} {{ template \"slack.default.titel\" . }}'\n"
      "    text: '{{ .Alerts'\n    fields: [{title: '{{ .Statsu }}', value: v}]\n",
      {{"/etc/am/x.tmpl", "{{ define \"mine\" }}{{ template \"gone\" . }}{{ end }}"}});
  EXPECT_FALSE(wrong.configuration);
  for (const std::string_view part :
       {"am.yml:1:23: warning: templates[1]: there is no file /etc/am/missing.tmpl", "[no_template_file]",
        "am.yml:7:37: error: receivers[0].slack_configs[0].title: there is no template \"slack.default.titel\"",
        "slack.default.title", "[template_unknown]", "/etc/am/x.tmpl:1:20: error: there is no template \"gone\"",
        "receivers[0].slack_configs[0].text: ", "[template_invalid]", "receivers[0].slack_configs[0].fields[0].title: "})
    EXPECT_NE(report_of(wrong).find(part), std::string::npos) << part << "\n" << report_of(wrong);
}

}  // namespace
}  // namespace watchbill::config
