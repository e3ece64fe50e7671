// Rooms and their people: discord, webex, msteams, msteamsv2, telegram, wechat.
#include <array>

#include <fmt/core.h>

#include "config/integrations.h"
#include "config/values.h"

namespace watchbill::config {
namespace {

constexpr auto discord = table<IntegrationConfiguration>(
    "receivers[].discord_configs[]", resolved_key("true"), http_config_key(),
    secret_url_key("webhook_url", "of the channel; exactly one of webhook_url and webhook_url_file"),
    secret_file_key("webhook_url_file"), template_key("content", "", "above the embed"),
    template_key("title", R"({{ template "discord.default.title" . }})", "at most 256 characters"),
    template_key("message", R"({{ template "discord.default.message" . }})", "at most 2048 characters"),
    template_key("username", "", "who speaks"), template_key("avatar_url", "", "beside the name"));

constexpr auto msteams = table<IntegrationConfiguration>(
    "receivers[].msteams_configs[]", resolved_key("true"), http_config_key(),
    secret_url_key("webhook_url", "of the channel; exactly one of webhook_url and webhook_url_file"),
    secret_file_key("webhook_url_file"), template_key("title", R"({{ template "msteams.default.title" . }})", "of the card"),
    template_key("summary", R"({{ template "msteams.default.summary" . }})", "where the card is not shown"),
    template_key("text", R"({{ template "msteams.default.text" . }})", "of the card"));

constexpr auto msteamsv2 = table<IntegrationConfiguration>(
    "receivers[].msteamsv2_configs[]", resolved_key("true"), http_config_key(),
    secret_url_key("webhook_url", "of a flow; exactly one of webhook_url and webhook_url_file"),
    secret_file_key("webhook_url_file"), template_key("title", R"({{ template "msteamsv2.default.title" . }})", "of the card"),
    template_key("text", R"({{ template "msteamsv2.default.text" . }})", "of the card"));

void check_webhook_url(const Cursor& at, IntegrationConfiguration& out) {
  if (!at.has("webhook_url")) need_secret(at, out, "webhook_url");
}

constexpr auto webex = table<IntegrationConfiguration>(
    "receivers[].webex_configs[]", resolved_key("true"),
    whole<IntegrationConfiguration, store_http_config>("http_config", "settings", "", "required, with authorization"),
    url_key("api_url", "", "else webex_api_url of global"),
    required(setting_key<IntegrationConfiguration, store_filled>("room_id", template_type, "", "the room")),
    template_key("message", R"({{ template "webex.default.message" . }})", "Markdown, at most 7439 bytes"));

void check_webex(const Cursor& at, IntegrationConfiguration& out) {
  const bool is_own = at.has("http_config") && !out.client.authorization.empty() && out.client.authorization != "Basic";
  if (!is_own) at.complain("missing_key", "expected http_config.authorization: the token of the bot");
}

constexpr std::array<std::string_view, 4> parse_modes{"", "Markdown", "MarkdownV2", "HTML"};

void read_parse_mode(const Cursor& at, IntegrationConfiguration& out) {
  std::string text;
  read(at, text);
  if (text.empty()) out.settings["parse_mode"] = "";
  else store_word<parse_modes, IntegrationConfiguration>(at, out);
}

constexpr auto telegram = table<IntegrationConfiguration>(
    "receivers[].telegram_configs[]", resolved_key("true"), http_config_key(),
    url_key("api_url", "", "else telegram_api_url of global"), secret_key("bot_token", "else telegram_bot_token of global"),
    secret_file_key("bot_token_file"),
    setting_key<IntegrationConfiguration, store_number>("chat_id", "number", "", "exactly one of chat_id and chat_id_file"),
    secret_file_key("chat_id_file"),
    setting_key<IntegrationConfiguration, store_number>("message_thread_id", "number", "", "a topic of the chat"),
    template_key("message", R"({{ template "telegram.default.message" . }})", "at most 4096 characters"),
    truth_key("disable_notifications", "false", "without a sound"),
    whole<IntegrationConfiguration, read_parse_mode>(
        "parse_mode", "HTML, Markdown, MarkdownV2 or \"\"", "HTML", "how it is marked"));

void check_telegram(const Cursor& at, IntegrationConfiguration& out) {
  need_secret(at, out, "bot_token", "telegram_bot_token");
  const auto chat = out.settings.find("chat_id");
  const std::int64_t* number = chat == out.settings.end() ? nullptr : std::get_if<std::int64_t>(&chat->second.value);
  const bool has_number = number != nullptr;
  const bool has_chat = has_number && *number != 0;
  if (has_number && !has_chat) out.settings.erase(chat);
  if (has_chat == out.secret_files.contains("chat_id") && (has_chat || has_number || !at.has("chat_id")))
    at.complain("missing_key", "expected exactly one of the keys chat_id, which is not 0, and chat_id_file");
}

constexpr std::array<std::string_view, 2> wechat_types{"text", "markdown"};

void read_wechat_type(const Cursor& at, IntegrationConfiguration& out) {
  std::string text;
  read(at, text);
  if (text.empty()) out.settings["message_type"] = "text";
  else store_word<wechat_types, IntegrationConfiguration>(at, out);
}

constexpr auto wechat = table<IntegrationConfiguration>(
    "receivers[].wechat_configs[]", resolved_key("false"), http_config_key(),
    secret_key("api_secret", "else wechat_api_secret of global", secret_template_type), secret_file_key("api_secret_file"),
    template_key("corp_id", "", "else wechat_api_corp_id of global"), url_key("api_url", "", "else wechat_api_url of global"),
    template_key("message", R"({{ template "wechat.default.message" . }})", "what is told"),
    whole<IntegrationConfiguration, read_wechat_type>("message_type", "text or markdown", "text", "of the message"),
    template_key("to_user", R"({{ template "wechat.default.to_user" . }})", "users, with | between"),
    template_key("to_party", R"({{ template "wechat.default.to_party" . }})", "parties, with | between"),
    template_key("to_tag", R"({{ template "wechat.default.to_tag" . }})", "tags, with | between"),
    template_key("agent_id", R"({{ template "wechat.default.agent_id" . }})", "the application"));

void check_wechat(const Cursor& at, IntegrationConfiguration& out) {
  need_secret(at, out, "api_secret", "wechat_api_secret");
  need_setting(at, out, "corp_id", "wechat_api_corp_id");
  end_with_slash(out, "api_url");
}

}  // namespace

std::vector<Integration> room_integrations() {
  return {{IntegrationKind::discord, discord.view(), check_webhook_url, {}, {}},
          {IntegrationKind::msteams, msteams.view(), check_webhook_url, {}, {}},
          {IntegrationKind::msteamsv2, msteamsv2.view(), check_webhook_url, {}, {}},
          {IntegrationKind::webex, webex.view(), check_webex, {{"api_url", "webex_api_url"}}, {}},
          {IntegrationKind::telegram,
           telegram.view(),
           check_telegram,
           {{"api_url", "telegram_api_url"}, {"bot_token", "telegram_bot_token"}},
           {}},
          {IntegrationKind::wechat,
           wechat.view(),
           check_wechat,
           {{"api_secret", "wechat_api_secret"}, {"corp_id", "wechat_api_corp_id"}, {"api_url", "wechat_api_url"}},
           {}}};
}

}  // namespace watchbill::config
