// Chats with attachments: slack, mattermost, rocketchat.
#include <fmt/core.h>

#include "config/integrations.h"
#include "config/values.h"

namespace watchbill::config {
namespace {

// --- slack

constexpr auto slack_field = table<PlanValues>(
    "receivers[].slack_configs[].fields[]",
    required(setting_key<PlanValues, store_filled>("title", template_type, "", "what it is")),
    required(setting_key<PlanValues, store_filled>("value", template_type, "", "its value")),
    truth_key<PlanValues>("short", "", "stands beside another; else short_fields"));

constexpr auto slack_confirmation = table<PlanValues>(
    "receivers[].slack_configs[].actions[].confirm",
    required(setting_key<PlanValues, store_filled>("text", template_type, "", "the question")),
    template_key<PlanValues>("title", "", "above it"), template_key<PlanValues>("ok_text", "", "on the button that does it"),
    template_key<PlanValues>("dismiss_text", "", "on the other"));

constexpr auto slack_action = table<PlanValues>(
    "receivers[].slack_configs[].actions[]",
    required(setting_key<PlanValues, store_filled>("type", template_type, "", "button")),
    required(setting_key<PlanValues, store_filled>("text", template_type, "", "on the button")),
    template_key<PlanValues>("url", "", "where it leads; this or name"),
    template_key<PlanValues>("style", "", "primary or danger"),
    template_key<PlanValues>("name", "", "of the action"), template_key<PlanValues>("value", "", "of the action"),
    whole<PlanValues, store_map<slack_confirmation>>("confirm", settings_type, "", "asks first"));

void check_slack_action(const Cursor& at, PlanValues& out) {
  if (text_of(out, "url").empty() && text_of(out, "name").empty())
    return at.complain("missing_key", "expected one of the keys url and name");
  if (text_of(out, "url").empty()) return;
  for (const char* key : {"name", "value", "confirm"}) out.erase(key);  // as there: a link is no action
}

void read_update_message(const Cursor& at, IntegrationConfiguration&) {
  bool is_updating = false;
  read(at, is_updating);
  if (is_updating) at.complain("not_yet_supported", "this release does not change messages that were posted");
}

using I = IntegrationConfiguration;
constexpr auto slack = table<I>(
    "receivers[].slack_configs[]", resolved_key("false"), http_config_key(),
    secret_url_key("api_url", "an incoming webhook; else slack_api_url of global"), secret_file_key("api_url_file"),
    secret_key("app_token", "of an app, in place of api_url; else slack_app_token of global"), secret_file_key("app_token_file"),
    url_key("app_url", "", "where an app posts; else slack_app_url of global"),
    template_key("channel", "", "#CHANNEL or @USER in place of the webhook's own"),
    template_key("username", R"({{ template "slack.default.username" . }})", "who speaks"),
    template_key("color", R"({{ if eq .Status "firing" }}danger{{ else }}good{{ end }})", "of the bar"),
    template_key("title", R"({{ template "slack.default.title" . }})", "at most 1024 characters"),
    template_key("title_link", R"({{ template "slack.default.titlelink" . }})", "where the title leads"),
    template_key("pretext", R"({{ template "slack.default.pretext" . }})", "above the attachment"),
    template_key("text", R"({{ template "slack.default.text" . }})", "of the attachment"),
    template_key("message_text", "", "of the message itself"),
    whole<I, store_in<I, store_objects<slack_field, check_nothing>>>("fields", settings_list_type, "", "shown in two columns"),
    truth_key("short_fields", "false", "of fields that do not say `short`"),
    template_key("footer", R"({{ template "slack.default.footer" . }})", "below the attachment"),
    template_key("fallback", R"({{ template "slack.default.fallback" . }})", "where attachments are not shown"),
    template_key("callback_id", R"({{ template "slack.default.callbackid" . }})", "of actions"),
    template_key("icon_emoji", R"({{ template "slack.default.iconemoji" . }})", "beside the name"),
    template_key("icon_url", R"({{ template "slack.default.iconurl" . }})", "beside the name"),
    template_key("image_url", "", "below the text"), template_key("thumb_url", "", "beside the text"),
    truth_key("link_names", "false", "names in the text are links"),
    setting_key<I, store_list>("mrkdwn_in", "list of text", "", "where Markdown counts; else fallback, pretext and text"),
    whole<I, store_in<I, store_objects<slack_action, check_slack_action>>>("actions", settings_list_type, "", "buttons"),
    whole<I, read_update_message>("update_message", "false", "false", "true is not in this release"),
    setting_key<I, store_go_duration>("timeout", "duration (Go)", "", "of one call; 0s: as all"));

// A token of an app goes into the header, and the app's URL is where messages go.
void take_app_token(const Cursor& at, I& out) {
  if (!out.client.authorization.empty())
    return at.complain("out_of_range", "expected no authorization in http_config beside app_token, which is one");
  out.client.authorization = "Bearer";
  if (const auto token = out.secrets.find("app_token"); token != out.secrets.end())
    out.secrets[std::string(http_secret)] = token->second;
  else
    out.client.secret_file = out.secret_files.at("app_token");
  for (const char* name : {"app_token", "api_url"}) {
    out.secrets.erase(name);
    out.secret_files.erase(name);
  }
  out.secrets["api_url"] = text_of(out.settings, "app_url");
}

void check_slack(const Cursor& at, I& out) {
  const bool has_url = at.has("api_url") || at.has("api_url_file");
  const bool has_token = at.has("app_token") || at.has("app_token_file");
  if (has_url && has_token)
    return at.complain("out_of_range", "expected at most one of the keys api_url and app_token, and of their files");
  const std::optional<Cursor> http = value_of(at, "http_config");
  const bool has_own_header = http && (http->has("authorization") || http->has("bearer_token") || http->has("bearer_token_file"));
  // The app of global is for those that say nothing of their own.
  const bool uses_token = has_token || (has_secret(out, "app_token") && !has_url && !has_own_header);
  if (uses_token) return take_app_token(at, out);
  out.secrets.erase("app_token");
  out.secret_files.erase("app_token");
  need_secret(at, out, "api_url", "slack_api_url");
}

// --- mattermost

constexpr auto mattermost_field = table<PlanValues>(
    "receivers[].mattermost_configs[].fields[], attachments[].fields[]",
    required(setting_key<PlanValues, store_filled>("title", template_type, "", "what it is")),
    required(setting_key<PlanValues, store_filled>("value", template_type, "", "its value")),
    truth_key<PlanValues>("short", "", "stands beside another"));
constexpr auto mattermost_attachment = table<PlanValues>(
    "receivers[].mattermost_configs[].attachments[]", template_key<PlanValues>("fallback", "", ""),
    template_key<PlanValues>("color", "", ""), template_key<PlanValues>("pretext", "", ""),
    template_key<PlanValues>("text", "", ""), template_key<PlanValues>("author_name", "", ""),
    template_key<PlanValues>("author_link", "", ""), template_key<PlanValues>("author_icon", "", ""),
    template_key<PlanValues>("title", "", ""), template_key<PlanValues>("title_link", "", ""),
    whole<PlanValues, store_objects<mattermost_field, check_nothing>>("fields", settings_list_type, "", ""),
    template_key<PlanValues>("thumb_url", "", ""), template_key<PlanValues>("footer", "", ""),
    template_key<PlanValues>("footer_icon", "", ""), template_key<PlanValues>("image_url", "", ""));
constexpr auto mattermost_props = table<I>("receivers[].mattermost_configs[].props", template_key("card", "", "at the side"));
constexpr auto mattermost_priority = table<I>(
    "receivers[].mattermost_configs[].priority", template_key("priority", "", "standard, important or urgent"),
    truth_key("requested_ack", "false", "who reads it is asked to say so"),
    truth_key("persistent_notifications", "false", "said again until then"));

constexpr auto mattermost = table<I>(
    "receivers[].mattermost_configs[]", resolved_key("true"), http_config_key(),
    secret_url_key("webhook_url", "an incoming webhook; else mattermost_webhook_url of global"),
    secret_file_key("webhook_url_file"),
    template_key("channel", "", "in place of the webhook's own"),
    template_key("username", R"({{ template "mattermost.default.username" . }})", "who speaks"),
    template_key("text", R"({{ template "mattermost.default.text" . }})", "of the attachment"),
    template_key("fallback", R"({{ template "mattermost.default.fallback" . }})", "where attachments are not shown"),
    template_key("color", R"({{ template "mattermost.default.color" . }})", "of the bar"),
    template_key("pretext", "", "above the attachment"), template_key("author_name", "", ""), template_key("author_link", "", ""),
    template_key("author_icon", "", ""), template_key("title", R"({{ template "mattermost.default.title" . }})", ""),
    template_key("title_link", R"({{ template "mattermost.default.titlelink" . }})", ""),
    whole<I, store_in<I, store_objects<mattermost_field, check_nothing>>>("fields", settings_list_type, "", ""),
    template_key("thumb_url", "", ""), template_key("footer", "", ""), template_key("footer_icon", "", ""),
    template_key("image_url", "", ""), template_key("icon_url", "", "beside the name"),
    template_key("icon_emoji", "", "beside the name"),
    whole<I, store_in<I, store_objects<mattermost_attachment, check_nothing>>>("attachments", settings_list_type, "",
                                                                               "in place of the one of the keys above"),
    template_key("type", "", "of the post"), whole<I, store_object<mattermost_props, I>>("props", settings_type, "", ""),
    whole<I, store_object<mattermost_priority, I>>("priority", settings_type, "", ""));

void check_mattermost(const Cursor& at, I& out) { need_secret(at, out, "webhook_url", "mattermost_webhook_url"); }

// --- rocketchat: in lists the keys are without underscores there

constexpr auto rocketchat_field = table<PlanValues>(
    "receivers[].rocketchat_configs[].fields[]", template_key<PlanValues>("title", "", "what it is"),
    template_key<PlanValues>("value", "", "its value"), truth_key<PlanValues>("short", "", "else short_fields"));
constexpr auto rocketchat_action = table<PlanValues>(
    "receivers[].rocketchat_configs[].actions[]", template_key<PlanValues>("text", "", "on the button"),
    template_key<PlanValues>("url", "", "where it leads"), template_key<PlanValues>("msg", "", "what it says"),
    text_key<PlanValues>("type", "", "not sent, as there"), text_key<PlanValues>("imageurl", "", "not sent, as there"),
    truth_key<PlanValues>("iswebview", "", "not sent, as there"),
    text_key<PlanValues>("webviewheightratio", "", "not sent, as there"),
    truth_key<PlanValues>("msginchatwindow", "", "not sent, as there"),
    text_key<PlanValues>("msgprocessingtype", "", "not sent, as there"));

constexpr auto rocketchat = table<I>(
    "receivers[].rocketchat_configs[]", resolved_key("false"), http_config_key(),
    url_key("api_url", "", "else rocketchat_api_url of global"), secret_key("token", "else rocketchat_token of global"),
    secret_file_key("token_file"), secret_key("token_id", "else rocketchat_token_id of global"), secret_file_key("token_id_file"),
    template_key("channel", "", "#CHANNEL or @USER"),
    template_key("color", R"({{ if eq .Status "firing" }}red{{ else }}green{{ end }})", "of the bar"),
    template_key("title", R"({{ template "rocketchat.default.title" . }})", "at most 1024 characters"),
    template_key("title_link", R"({{ template "rocketchat.default.titlelink" . }})", "where the title leads"),
    template_key("text", R"({{ template "rocketchat.default.text" . }})", "of the attachment"),
    template_key("emoji", R"({{ template "rocketchat.default.emoji" . }})", "beside the name"),
    template_key("icon_url", R"({{ template "rocketchat.default.iconurl" . }})", "beside the name"),
    template_key("image_url", "", "below the text"), template_key("thumb_url", "", "beside the text"),
    whole<I, store_in<I, store_objects<rocketchat_field, check_nothing>>>("fields", settings_list_type, "", ""),
    truth_key("short_fields", "false", "of fields that do not say `short`"),
    truth_key("link_names", "false", "not sent, as there"),
    whole<I, store_in<I, store_objects<rocketchat_action, check_nothing>>>("actions", settings_list_type, "", "buttons"));

void check_rocketchat(const Cursor& at, I& out) {
  need_secret(at, out, "token", "rocketchat_token");
  need_secret(at, out, "token_id", "rocketchat_token_id");
}

}  // namespace

std::vector<Integration> chat_integrations() {
  return {{IntegrationKind::slack,
           slack.view(),
           check_slack,
           {{"api_url", "slack_api_url"}, {"app_token", "slack_app_token"}, {"app_url", "slack_app_url"}},
           {slack_field.view(), slack_action.view(), slack_confirmation.view()}},
          {IntegrationKind::mattermost,
           mattermost.view(),
           check_mattermost,
           {{"webhook_url", "mattermost_webhook_url"}},
           {mattermost_field.view(), mattermost_attachment.view(), mattermost_props.view(), mattermost_priority.view()}},
          {IntegrationKind::rocketchat,
           rocketchat.view(),
           check_rocketchat,
           {{"api_url", "rocketchat_api_url"}, {"token", "rocketchat_token"}, {"token_id", "rocketchat_token_id"}},
           {rocketchat_field.view(), rocketchat_action.view()}}};
}

}  // namespace watchbill::config
