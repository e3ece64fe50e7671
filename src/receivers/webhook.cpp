// Alertmanager's webhook: the payload as it is stored. Source: Alertmanager 0.25 notify/webhook.
#include "receivers/one_call.h"

namespace watchbill::receivers {
namespace {

Step compose_webhook(Rendering& rendering) {
  ports::HttpCall call = post_json(address(rendering, "url"), rendering.notification().payload);
  call.may_be_sent_twice = true;  // under one delivery id, by which receivers tell
  return call;
}

}  // namespace

ConversationPointer begin_webhook(ChannelPointer channel, Notification notification, Instant now) {
  return one_call(std::move(channel), std::move(notification), now, compose_webhook);
}

}  // namespace watchbill::receivers
