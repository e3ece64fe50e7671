// The message about a group of alerts: Alertmanager's webhook payload, version 4.
// Source: Alertmanager 0.25 template/template.go (Data), notify/webhook/webhook.go (Message).
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/route/state.h"

namespace watchbill::core::route {

// `{}/{severity="page"}:{alertname="WebDown"}`: the route's key (tree.h) and the group's labels, as Alertmanager calls a group.
[[nodiscard]] std::string group_key(const std::string& route_key, const Labels& labels);

// The fingerprint of a label set as Prometheus and Alertmanager make it: FNV-1a, 64 bits, 16 hex digits.
[[nodiscard]] std::string fingerprint(const Labels& labels);

// An alert of a message, with its id.
using Telling = std::pair<std::string, const GroupedAlert*>;

struct PayloadTerms {
  const std::string& external_url;
  const std::string& route_key;
  std::uint64_t alerts_max{0};  // the webhook's `max_alerts`; 0: all
  std::size_t bytes_max{0};
};

// The body. `alerts` in any order, at least one; they are written as Alertmanager sorts them: by job, instance (those without one
// last), then all labels. Those beyond `alerts_max` are counted in `truncatedAlerts` and not spoken of; those beyond `bytes_max`
// are counted too, but status and common labels are of them as well. What fires is
// written before what has ended then. One is always written.
[[nodiscard]] std::string payload(const Group& group, std::vector<Telling> alerts, const PayloadTerms& terms);

}  // namespace watchbill::core::route
