// Discord's webhooks. Source: Alertmanager 0.25 notify/discord; the limits from 0.26; content, username and avatar_url from 0.28.
#include "receivers/one_call.h"

namespace watchbill::receivers {
namespace {

constexpr std::size_t discord_title_characters_max = 256;
constexpr std::size_t discord_text_characters_max = 4096;
constexpr std::size_t discord_content_characters_max = 2000;
constexpr std::int64_t discord_red = 0x992D22;
constexpr std::int64_t discord_green = 0x2ECC71;

Step compose_discord(Rendering& rendering) {
  std::string body;
  JsonWriter out(body);
  out.begin_object().key("content").string(cut_characters(rendering.text("content"), discord_content_characters_max));
  out.key("embeds").begin_array().begin_object();
  out.key("title").string(cut_characters(rendering.title("title"), discord_title_characters_max));
  out.key("description").string(cut_characters(rendering.message("message"), discord_text_characters_max));
  out.key("color").integer(rendering.is_firing() ? discord_red : discord_green).end_object().end_array();
  write_unless_empty(out, "username", rendering.setting("username"));
  write_unless_empty(out, "avatar_url", rendering.setting("avatar_url"));
  out.end_object();
  return post_json(address(rendering, "webhook_url"), std::move(body));
}

}  // namespace

ConversationPointer begin_discord(ChannelPointer channel, Notification notification, Instant now) {
  return one_call(std::move(channel), std::move(notification), now, compose_discord);
}

}  // namespace watchbill::receivers
