// How each kind of integration is told: one file each.
#pragma once

#include <memory>

#include "base/time.h"
#include "receivers/conversation.h"
#include "receivers/notification.h"

namespace watchbill::receivers {

using ConversationPointer = std::unique_ptr<Conversation>;
using ChannelPointer = std::shared_ptr<const Channel>;

// A conversation of each kind; begin_conversation() chooses. Never null: settings that allow no call are a verdict.
[[nodiscard]] ConversationPointer begin_webhook(ChannelPointer channel, Notification notification, Instant now);
[[nodiscard]] ConversationPointer begin_email(ChannelPointer channel, Notification notification, Instant now);
[[nodiscard]] ConversationPointer begin_pagerduty(ChannelPointer channel, Notification notification, Instant now);
[[nodiscard]] ConversationPointer begin_opsgenie(ChannelPointer channel, Notification notification, Instant now);
[[nodiscard]] ConversationPointer begin_wechat(ChannelPointer channel, Notification notification, Instant now);
[[nodiscard]] ConversationPointer begin_slack(ChannelPointer channel, Notification notification, Instant now);
[[nodiscard]] ConversationPointer begin_victorops(ChannelPointer channel, Notification notification, Instant now);
[[nodiscard]] ConversationPointer begin_pushover(ChannelPointer channel, Notification notification, Instant now);
[[nodiscard]] ConversationPointer begin_sns(ChannelPointer channel, Notification notification, Instant now);
[[nodiscard]] ConversationPointer begin_telegram(ChannelPointer channel, Notification notification, Instant now);
[[nodiscard]] ConversationPointer begin_discord(ChannelPointer channel, Notification notification, Instant now);
[[nodiscard]] ConversationPointer begin_webex(ChannelPointer channel, Notification notification, Instant now);
[[nodiscard]] ConversationPointer begin_msteams(ChannelPointer channel, Notification notification, Instant now);
[[nodiscard]] ConversationPointer begin_msteamsv2(ChannelPointer channel, Notification notification, Instant now);
[[nodiscard]] ConversationPointer begin_jira(ChannelPointer channel, Notification notification, Instant now);
[[nodiscard]] ConversationPointer begin_rocketchat(ChannelPointer channel, Notification notification, Instant now);
[[nodiscard]] ConversationPointer begin_mattermost(ChannelPointer channel, Notification notification, Instant now);
[[nodiscard]] ConversationPointer begin_incidentio(ChannelPointer channel, Notification notification, Instant now);

}  // namespace watchbill::receivers
