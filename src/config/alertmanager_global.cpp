#include "config/alertmanager_global.h"

#include "config/integrations.h"
#include "config/values.h"

namespace watchbill::config {
namespace {

using G = GlobalKeys;

void read_resolve_timeout(const Cursor& at, G& out) { read(at, out.resolve_timeout); }
void read_smtp_tls(const Cursor& at, G& out) {
  GlobalKeys tls;
  store_tls_config(at, tls);
  out.smtp_tls = tls.client.tls;
}

constexpr auto global = table<G>(
    "global (Alertmanager)",
    whole<G, read_resolve_timeout>("resolve_timeout", "duration", "5m",
                                   "an alert that came without an end is resolved so long after its last word"),
    whole<G, store_http_config>("http_config", "settings", "", "of integrations that have none of their own"),
    url_key<G>("jira_api_url", "", "of jira"), secret_url_key<G>("mattermost_webhook_url", "of mattermost"),
    secret_file_key<G>("mattermost_webhook_url_file"), secret_key<G>("opsgenie_api_key", "of opsgenie", secret_template_type),
    secret_file_key<G>("opsgenie_api_key_file"), url_key<G>("opsgenie_api_url", "https://api.opsgenie.com/", "of opsgenie"),
    url_key<G>("pagerduty_url", "https://events.pagerduty.com/v2/enqueue", "of pagerduty"),
    url_key<G>("rocketchat_api_url", "https://open.rocket.chat/", "of rocketchat"),
    secret_key<G>("rocketchat_token", "of rocketchat"), secret_file_key<G>("rocketchat_token_file"),
    secret_key<G>("rocketchat_token_id", "of rocketchat"), secret_file_key<G>("rocketchat_token_id_file"),
    secret_url_key<G>("slack_api_url", "of slack"), secret_file_key<G>("slack_api_url_file"),
    secret_key<G>("slack_app_token", "of slack"), secret_file_key<G>("slack_app_token_file"),
    url_key<G>("slack_app_url", "https://slack.com/api/chat.postMessage", "of slack, with a token"),
    text_key<G>("smtp_auth_identity", "", "of email"), secret_key<G>("smtp_auth_password", "of email"),
    secret_file_key<G>("smtp_auth_password_file"), secret_key<G>("smtp_auth_secret", "of email"),
    secret_file_key<G>("smtp_auth_secret_file"), text_key<G>("smtp_auth_username", "", "of email"),
    truth_key<G>("smtp_force_implicit_tls", "", "of email"), template_key<G>("smtp_from", "", "of email"),
    text_key<G>("smtp_hello", "localhost", "of email"), truth_key<G>("smtp_require_tls", "true", "of email"),
    setting_key<G, store_address>("smtp_smarthost", "HOST:PORT", "", "of email"),
    whole<G, read_smtp_tls>("smtp_tls_config", "settings", "", "of email"),
    url_key<G>("telegram_api_url", "https://api.telegram.org", "of telegram"),
    secret_key<G>("telegram_bot_token", "of telegram"), secret_file_key<G>("telegram_bot_token_file"),
    secret_key<G>("victorops_api_key", "of victorops"), secret_file_key<G>("victorops_api_key_file"),
    url_key<G>("victorops_api_url", "https://alert.victorops.com/integrations/generic/20131114/alert/", "of victorops"),
    url_key<G>("webex_api_url", "https://webexapis.com/v1/messages", "of webex"),
    template_key<G>("wechat_api_corp_id", "", "of wechat"),
    secret_key<G>("wechat_api_secret", "of wechat", secret_template_type), secret_file_key<G>("wechat_api_secret_file"),
    url_key<G>("wechat_api_url", "https://qyapi.weixin.qq.com/cgi-bin/", "of wechat"));

// As there, the URL may be the app's own beside a token.
void check_slack_keys(const Cursor& at, const G& out) {
  if (!has_secret(out, "slack_app_token") || !has_secret(out, "slack_api_url")) return;
  const auto url = out.secrets.find("slack_api_url");
  if (url != out.secrets.end() && url->second == text_of(out.settings, "slack_app_url")) return;
  at.complain("out_of_range", "expected at most one of the keys slack_app_token and slack_api_url, and of their files");
}

}  // namespace

void read_alertmanager_global(const Cursor& at, GlobalKeys& out) {
  if (!read_object(at, global, out)) {
    out = default_global(at);  // or each integration would be complained about
    return;
  }
  fill_in(at, global.keys, &out);
  check_secret_pairs(at, out);
  check_slack_keys(at, out);
}

GlobalKeys default_global(const Cursor& file) {
  GlobalKeys out;
  SourceFile nothing;
  nothing.tree.nodes.resize(1);
  nothing.tree.nodes.front().kind = NodeKind::mapping;
  nothing.tree.root = 0;
  fill_in(Cursor(file.report(), nothing, 0, "global"), global.keys, &out);
  return out;
}

TableView global_table() { return global.view(); }

}  // namespace watchbill::config
