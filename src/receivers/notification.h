// A message about a group of alerts as its payload says it, and the integration that is to be told.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "base/result.h"
#include "model/configuration_receiver.h"
#include "template/notification.h"
#include "template/template.h"

namespace watchbill::receivers {

struct Notification {
  text_template::NotificationData data;
  std::string group_key;
  std::uint64_t truncated_count{0};  // alerts that the payload leaves out
  std::string payload;               // Alertmanager's webhook payload, version 4: what a webhook is posted
  std::string delivery{};            // its id, the same in all attempts
};

// Reads what core/route/payload.h writes, or the notice of a run's step ({"run":…,"step":…,"text":…}), which becomes an alert
// RunNotice that fires since `now`. Fails on anything else.
[[nodiscard]] Result<Notification> read_notification(std::string payload, Instant now = {});

// The lower-case hex SHA-256 of the group's key: what the far side knows the group by, as Alertmanager's Key.Hash().
[[nodiscard]] std::string group_hash(const Notification& notification);

// An integration whose secrets were read.
struct Channel {
  IntegrationConfiguration configuration;
  std::map<std::string, std::string> secrets;  // by name, those of files too
  std::shared_ptr<const text_template::Template> templates;  // the definitions that templates may call; null: none
  std::string external_url;                    // of `externalURL` in templates
};

}  // namespace watchbill::receivers
