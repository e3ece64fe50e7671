// Mattermost, an incoming webhook. Source: Alertmanager 0.34 notify/mattermost.
#include "base/ascii.h"
#include "receivers/one_call.h"

namespace watchbill::receivers {
namespace {

constexpr std::size_t mattermost_text_characters_max = 16'383;
// Of an attachment, beside text and fields.
constexpr std::string_view mattermost_members[] = {"fallback",    "color",       "pretext",     "author_name",
                                                   "author_link", "author_icon", "title",       "title_link",
                                                   "thumb_url",   "footer",      "footer_icon", "image_url"};

void write_mattermost_fields(JsonWriter& out, Rendering& rendering, const PlanValue::List& fields, const std::string& what) {
  if (fields.empty()) return;
  out.key("fields").begin_array();
  for (std::size_t i = 0; i < fields.size(); ++i) {
    out.begin_object();
    for (const std::string_view member : {"title", "value"})
      write_unless_empty(out, member, member_text(rendering, fields[i], what, i, member));
    const PlanValue::Map* map = fields[i].as_map();
    if (map != nullptr)
      if (const auto own = map->find("short"); own != map->end() && own->second.as_text() != nullptr)
        out.key("short").boolean(*own->second.as_text() == "true");
    out.end_object();
  }
  out.end_array();
}

// The one attachment that the settings themselves are.
void write_mattermost_own(JsonWriter& out, Rendering& rendering) {
  out.begin_object();
  write_unless_empty(out, "text", rendering.message("text"));
  for (const std::string_view key : mattermost_members) {
    const bool is_title = key == "title" || key == "fallback";
    write_unless_empty(out, key, is_title ? rendering.title(key) : rendering.text(key));
  }
  write_mattermost_fields(out, rendering, rendering.list("fields"), "fields");
  out.end_object();
}

void write_mattermost_attachment(JsonWriter& out, Rendering& rendering, const PlanValue& attachment, std::size_t index) {
  out.begin_object();
  write_unless_empty(out, "text", member_text(rendering, attachment, "attachments", index, "text"));
  for (const std::string_view member : mattermost_members)
    write_unless_empty(out, member, member_text(rendering, attachment, "attachments", index, member));
  const PlanValue::Map* map = attachment.as_map();
  const auto fields = map == nullptr ? PlanValue::Map::const_iterator() : map->find("fields");
  if (map != nullptr && fields != map->end() && fields->second.as_list() != nullptr)
    write_mattermost_fields(out, rendering, *fields->second.as_list(), "attachments[" + std::to_string(index) + "].fields");
  out.end_object();
}

// Only messages that are urgent may ring on, and none that is standard may want an answer: Mattermost would refuse it.
void write_mattermost_priority(JsonWriter& out, Rendering& rendering) {
  if (rendering.setting("priority.priority").empty()) return;
  std::string priority = lowered(rendering.text("priority.priority"));
  if (priority != "urgent" && priority != "important") priority = "standard";
  out.key("priority").begin_object().key("priority").string(priority);
  if (rendering.is_true("priority.requested_ack") && priority != "standard") out.key("requested_ack").boolean(true);
  if (rendering.is_true("priority.persistent_notifications") && priority == "urgent")
    out.key("persistent_notifications").boolean(true);
  out.end_object();
}

Step compose_mattermost(Rendering& rendering) {
  const std::string url = address(rendering, "webhook_url");
  if (url.empty()) return cannot_be_told("no_webhook_url");
  const PlanValue::List& attachments = rendering.list("attachments");
  std::string body;
  JsonWriter out(body);
  out.begin_object();
  if (!attachments.empty())
    write_unless_empty(out, "text", cut_characters(rendering.message("text"), mattermost_text_characters_max));
  for (const std::string_view key : {"channel", "username", "icon_url", "icon_emoji"})
    write_unless_empty(out, key, rendering.text(key));
  out.key("attachments").begin_array();
  if (attachments.empty()) write_mattermost_own(out, rendering);
  for (std::size_t i = 0; i < attachments.size(); ++i) write_mattermost_attachment(out, rendering, attachments[i], i);
  out.end_array();
  write_unless_empty(out, "type", rendering.text("type"));
  if (!rendering.setting("props.card").empty()) {
    out.key("props").begin_object();
    write_unless_empty(out, "card", rendering.text("props.card"));
    out.end_object();
  }
  write_mattermost_priority(out, rendering);
  out.end_object();
  return post_json(url, std::move(body));
}

}  // namespace

ConversationPointer begin_mattermost(ChannelPointer channel, Notification notification, Instant now) {
  return one_call(std::move(channel), std::move(notification), now, compose_mattermost);
}

}  // namespace watchbill::receivers
