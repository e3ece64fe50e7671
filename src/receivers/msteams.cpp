// Cards of Microsoft Teams' connectors. Source: Alertmanager 0.26 notify/msteams; the summary from 0.27.
#include "receivers/one_call.h"

namespace watchbill::receivers {
namespace {

constexpr std::string_view teams_red = "8C1A1A";
constexpr std::string_view teams_green = "2DC72D";

Step compose_msteams(Rendering& rendering) {
  std::string body;
  JsonWriter out(body);
  out.begin_object().key("@context").string("http://schema.org/extensions").key("type").string("MessageCard");
  out.key("title").string(rendering.title("title"));
  out.key("summary").string(rendering.title("summary"));
  out.key("text").string(rendering.message("text"));
  out.key("themeColor").string(rendering.is_firing() ? teams_red : teams_green).end_object();
  return post_json(address(rendering, "webhook_url"), std::move(body));
}

}  // namespace

ConversationPointer begin_msteams(ChannelPointer channel, Notification notification, Instant now) {
  return one_call(std::move(channel), std::move(notification), now, compose_msteams);
}

}  // namespace watchbill::receivers
