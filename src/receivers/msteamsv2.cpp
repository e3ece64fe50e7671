// Adaptive cards of Microsoft Teams' workflows. Source: Alertmanager 0.28 notify/msteamsv2; "weight" is spelled, and long texts
// are wrapped, as the releases after it do.
#include "receivers/one_call.h"

namespace watchbill::receivers {
namespace {

void write_title_block(JsonWriter& out, Rendering& rendering) {
  out.begin_object().key("type").string("TextBlock").key("text").string(rendering.title("title"));
  out.key("weight").string("Bolder").key("size").string("Medium").key("wrap").boolean(true).key("style").string("heading");
  out.key("color").string(rendering.is_firing() ? "Attention" : "Good").end_object();
}

Step compose_msteamsv2(Rendering& rendering) {
  std::string body;
  JsonWriter out(body);
  out.begin_object().key("type").string("message").key("attachments").begin_array().begin_object();
  out.key("contentType").string("application/vnd.microsoft.card.adaptive").key("contentUrl").null();
  out.key("content").begin_object().key("$schema").string("http://adaptivecards.io/schemas/adaptive-card.json");
  out.key("type").string("AdaptiveCard").key("version").string("1.2").key("body").begin_array();
  write_title_block(out, rendering);
  out.begin_object().key("type").string("TextBlock").key("text").string(rendering.message("text"));
  out.key("wrap").boolean(true).end_object().end_array();
  out.key("msteams").begin_object().key("width").string("full").end_object();
  out.end_object().end_object().end_array().end_object();
  return post_json(address(rendering, "webhook_url"), std::move(body));
}

}  // namespace

ConversationPointer begin_msteamsv2(ChannelPointer channel, Notification notification, Instant now) {
  return one_call(std::move(channel), std::move(notification), now, compose_msteamsv2);
}

}  // namespace watchbill::receivers
