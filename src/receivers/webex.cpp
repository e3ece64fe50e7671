// Webex. Who sends is in http_config. Source: Alertmanager 0.25 notify/webex; room_id is a template as in later releases.
#include "receivers/one_call.h"

namespace watchbill::receivers {
namespace {

constexpr std::size_t webex_message_bytes_max = 7439;

Step compose_webex(Rendering& rendering) {
  std::string body;
  JsonWriter out(body);
  out.begin_object().key("markdown").string(cut_bytes(rendering.message("message"), webex_message_bytes_max));
  write_unless_empty(out, "roomId", rendering.text("room_id"));
  out.end_object();
  return post_json(address(rendering, "api_url"), std::move(body));
}

}  // namespace

ConversationPointer begin_webex(ChannelPointer channel, Notification notification, Instant now) {
  return one_call(std::move(channel), std::move(notification), now, compose_webex);
}

}  // namespace watchbill::receivers
