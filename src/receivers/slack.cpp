// Slack's incoming webhooks, and chat.postMessage where api_url says so. Source: Alertmanager 0.25 notify/slack; that errors may
// come with status 200: 0.26; message_text from later.
#include "receivers/one_call.h"

namespace watchbill::receivers {
namespace {

constexpr std::size_t title_characters_max = 1024;

void write_slack_field(JsonWriter& out, Rendering& rendering, std::size_t index) {
  const PlanValue& field = rendering.list("fields")[index];
  bool is_short = rendering.is_true("short_fields");
  if (const PlanValue::Map* map = field.as_map(); map != nullptr && map->contains("short"))
    is_short = text_of(*map, "short") == "true";
  out.begin_object();
  write_unless_empty(out, "title", member_text(rendering, field, "fields", index, "title"));
  write_unless_empty(out, "value", member_text(rendering, field, "fields", index, "value"));
  out.key("short").boolean(is_short).end_object();
}

// What asks "are you sure?" before a button does anything.
void write_slack_confirmation(JsonWriter& out, Rendering& rendering, const PlanValue::Map& confirmation, std::size_t index) {
  const std::string place = "actions[" + std::to_string(index) + "].confirm.";
  out.key("confirm").begin_object();
  for (const std::string_view member : {"text", "title", "ok_text", "dismiss_text"})
    write_unless_empty(out, member, rendering.rendered(std::string(text_of(confirmation, member)), place + std::string(member)));
  out.end_object();
}

void write_slack_action(JsonWriter& out, Rendering& rendering, std::size_t index) {
  const PlanValue& action = rendering.list("actions")[index];
  out.begin_object();
  for (const std::string_view member : {"type", "text", "url", "style", "name", "value"})
    write_unless_empty(out, member, member_text(rendering, action, "actions", index, member));
  if (const PlanValue::Map* map = action.as_map(); map != nullptr && map->contains("confirm"))
    if (const PlanValue::Map* confirmation = map->at("confirm").as_map())
      write_slack_confirmation(out, rendering, *confirmation, index);
  out.end_object();
}

void write_slack_lists(JsonWriter& out, Rendering& rendering) {
  if (const std::size_t count = rendering.list("fields").size(); count > 0) {
    out.key("fields").begin_array();
    for (std::size_t i = 0; i < count; ++i) write_slack_field(out, rendering, i);
    out.end_array();
  }
  if (const std::size_t count = rendering.list("actions").size(); count > 0) {
    out.key("actions").begin_array();
    for (std::size_t i = 0; i < count; ++i) write_slack_action(out, rendering, i);
    out.end_array();
  }
}

void write_slack_markdown_places(JsonWriter& out, const Rendering& rendering) {
  out.key("mrkdwn_in").begin_array();
  const PlanValue::List& places = rendering.list("mrkdwn_in");
  for (const PlanValue& place : places)
    if (place.as_text() != nullptr) out.string(*place.as_text());
  if (places.empty()) out.string("fallback").string("pretext").string("text");
  out.end_array();
}

void write_slack_attachment(JsonWriter& out, Rendering& rendering) {
  out.begin_object();
  write_unless_empty(out, "title", cut_characters(rendering.title("title"), title_characters_max));
  write_unless_empty(out, "title_link", rendering.text("title_link"));
  write_unless_empty(out, "pretext", rendering.text("pretext"));
  out.key("text").string(rendering.message("text"));
  out.key("fallback").string(rendering.title("fallback"));
  out.key("callback_id").string(rendering.text("callback_id"));
  write_slack_lists(out, rendering);
  write_unless_empty(out, "image_url", rendering.text("image_url"));
  write_unless_empty(out, "thumb_url", rendering.text("thumb_url"));
  out.key("footer").string(rendering.text("footer"));
  write_unless_empty(out, "color", rendering.text("color"));
  write_slack_markdown_places(out, rendering);
  out.end_object();
}

Step compose_slack(Rendering& rendering) {
  std::string body;
  JsonWriter out(body);
  out.begin_object();
  for (const std::string_view key : {"channel", "username", "icon_emoji", "icon_url"})
    write_unless_empty(out, key, rendering.text(key));
  if (rendering.is_true("link_names")) out.key("link_names").boolean(true);
  write_unless_empty(out, "text", rendering.message("message_text"));
  out.key("attachments").begin_array();
  write_slack_attachment(out, rendering);
  out.end_array().end_object();
  return post_json(address(rendering, "api_url"), std::move(body));
}

// "channel_not_found"; nothing where it is no such word.
std::string slack_error(const JsonValue& body) {
  const JsonValue* error = body.find("error");
  if (error == nullptr || error->as_string() == nullptr || error->as_string()->size() > 50) return {};
  const bool is_word = error->as_string()->find_first_not_of("abcdefghijklmnopqrstuvwxyz_") == std::string::npos;
  return is_word ? *error->as_string() : std::string();
}

// Slack's Web API says with 200 that it took nothing.
Verdict judge_slack(const ports::HttpAnswer& answer) {
  const Verdict verdict = judge(answer);
  if (verdict.answer != DeliveryAnswer::accepted) return verdict;
  const std::optional<JsonValue> body = json_object_in(answer);
  const JsonValue* ok = body ? body->find("ok") : nullptr;
  const bool* is_ok = ok == nullptr ? nullptr : std::get_if<bool>(&ok->value);
  if (is_ok == nullptr || *is_ok) return verdict;
  const std::string error = slack_error(*body);
  const bool is_later = error == "ratelimited" || error == "rate_limited" || error == "service_unavailable" ||
                        error == "internal_error" || error == "fatal_error";
  const Duration pause = is_later ? retry_after(answer.headers) : Duration{};
  return {is_later ? DeliveryAnswer::retryable : DeliveryAnswer::final, error.empty() ? "refused" : "refused: " + error, pause};
}

}  // namespace

ConversationPointer begin_slack(ChannelPointer channel, Notification notification, Instant now) {
  return one_call(std::move(channel), std::move(notification), now, compose_slack, judge_slack);
}

}  // namespace watchbill::receivers
