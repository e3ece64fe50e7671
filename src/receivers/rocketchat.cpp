// Rocket.Chat, chat.postMessage. Source: Alertmanager 0.34 notify/rocketchat.
#include "receivers/one_call.h"

namespace watchbill::receivers {
namespace {

constexpr std::size_t rocketchat_title_characters_max = 1024;
constexpr JsonLimits rocketchat_answer_limits{64U << 10, 32, 64U << 10};

bool is_short_field(const Rendering& rendering, const PlanValue& field) {
  const PlanValue::Map* map = field.as_map();
  const auto own = map == nullptr ? PlanValue::Map::const_iterator() : map->find("short");
  if (map == nullptr || own == map->end() || own->second.as_text() == nullptr) return rendering.is_true("short_fields");
  return *own->second.as_text() == "true";
}

void write_rocketchat_fields(JsonWriter& out, Rendering& rendering) {
  const PlanValue::List& fields = rendering.list("fields");
  if (fields.empty()) return;
  out.key("fields").begin_array();
  for (std::size_t i = 0; i < fields.size(); ++i) {
    out.begin_object().key("short").boolean(is_short_field(rendering, fields[i]));
    for (const std::string_view member : {"title", "value"})
      write_unless_empty(out, member, member_text(rendering, fields[i], "fields", i, member));
    out.end_object();
  }
  out.end_array();
}

void write_rocketchat_actions(JsonWriter& out, Rendering& rendering) {
  const PlanValue::List& actions = rendering.list("actions");
  if (actions.empty()) return;
  out.key("actions").begin_array();
  for (std::size_t i = 0; i < actions.size(); ++i) {
    out.begin_object().key("type").string("button");
    for (const std::string_view member : {"text", "url", "msg"})
      write_unless_empty(out, member, member_text(rendering, actions[i], "actions", i, member));
    out.key("is_webview").boolean(false).key("msg_in_chat_window").boolean(false).end_object();
  }
  out.end_array();
}

Step compose_rocketchat(Rendering& rendering) {
  const std::string token = address(rendering, "token"), user = address(rendering, "token_id");
  if (token.empty() || user.empty()) return cannot_be_told(token.empty() ? "no_token" : "no_token_id");
  std::string body;
  JsonWriter out(body);
  out.begin_object();
  write_unless_empty(out, "channel", rendering.text("channel"));
  write_unless_empty(out, "emoji", rendering.text("emoji"));
  write_unless_empty(out, "avatar", rendering.text("icon_url"));
  out.key("attachments").begin_array().begin_object();
  write_unless_empty(out, "title", cut_characters(rendering.title("title"), rocketchat_title_characters_max));
  write_unless_empty(out, "title_link", rendering.text("title_link"));
  write_unless_empty(out, "text", rendering.message("text"));
  for (const std::string_view key : {"image_url", "thumb_url", "color"}) write_unless_empty(out, key, rendering.text(key));
  write_rocketchat_fields(out, rendering);
  write_rocketchat_actions(out, rendering);
  out.end_object().end_array().end_object();
  ports::HttpCall call = post_json(address_below(address(rendering, "api_url"), "api/v1/chat.postMessage"), std::move(body));
  call.headers.push_back({"X-Auth-Token", token});
  call.headers.push_back({"X-User-Id", user});
  return call;
}

// It says no with status 200 too. A yes says the message back: what is too long to be read is no short no, and trying again would
// post the message once more.
Verdict judge_rocketchat(const ports::HttpAnswer& answer) {
  Verdict verdict = judge(answer);
  if (verdict.answer != DeliveryAnswer::accepted || answer.body.size() > rocketchat_answer_limits.bytes_max) return verdict;
  const Result<JsonValue> body = parse_json(answer.body, rocketchat_answer_limits);
  if (!body || body->as_object() == nullptr) return {DeliveryAnswer::retryable, "answer_unreadable", {}};
  const JsonValue* success = body->find("success");
  const bool* said = success == nullptr ? nullptr : std::get_if<bool>(&success->value);
  if (said != nullptr && *said) return verdict;
  return {DeliveryAnswer::final, "no_success", {}};
}

}  // namespace

ConversationPointer begin_rocketchat(ChannelPointer channel, Notification notification, Instant now) {
  return one_call(std::move(channel), std::move(notification), now, compose_rocketchat, judge_rocketchat);
}

}  // namespace watchbill::receivers
