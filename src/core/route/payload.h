// The message about a group of alerts: Alertmanager's webhook payload, version 4.
// Source: Alertmanager 0.25 template/template.go (Data), notify/webhook/webhook.go (Message).
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/route/state.h"

namespace watchbill::core::route {

// `{}:{alertname="WebDown"}`, as Alertmanager calls a group of the root route.
[[nodiscard]] std::string group_key(const Labels& labels);

// The fingerprint of a label set as Prometheus and Alertmanager make it: FNV-1a, 64 bits, 16 hex digits.
[[nodiscard]] std::string fingerprint(const Labels& labels);

// An alert of a message, with its id.
using Telling = std::pair<std::string, const GroupedAlert*>;

// The body. `alerts` in any order; they are written as Alertmanager sorts them: by job, instance, then all labels. Those beyond
// the webhook's `max_alerts`, or beyond `bytes_max`, are counted in `truncatedAlerts`; one is always written.
[[nodiscard]] std::string payload(const Group& group, std::vector<Telling> alerts, const Routing& routing,
                                  std::size_t bytes_max);

}  // namespace watchbill::core::route
