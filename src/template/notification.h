// The data of Alertmanager's templates, with its methods: .Alerts.Firing, .CommonLabels.SortedPairs.Values.Join ", ",
// .StartsAt.Format. Source: Alertmanager 0.25 template/template.go.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/time.h"
#include "model/labels.h"
#include "template/analysis.h"
#include "template/template.h"

namespace watchbill::text_template {

// Unlike labels they may be empty, and are shown then.
using Annotations = std::map<std::string, std::string>;

struct NotificationAlert {
  std::string status;  // "firing" or "resolved"
  Labels labels;
  Annotations annotations;
  Instant starts_at{};
  Instant ends_at{};
  std::string generator_url;
  std::string fingerprint;
};

// Labels as Alertmanager shows them: a map of text with SortedPairs (alertname first), Names, Values and Remove; printed "a=b,
// c=d".
[[nodiscard]] Value label_pairs(const Labels& labels);
[[nodiscard]] Value label_pairs(const Annotations& annotations);

// A list of alerts with Firing and Resolved.
[[nodiscard]] Value alert_list(const std::vector<NotificationAlert>& alerts);

struct NotificationData {
  std::string receiver;
  std::string status;
  std::vector<NotificationAlert> alerts;
  Labels group_labels;
  Labels common_labels;
  Annotations common_annotations;
  Labels route_labels;  // rendered already
  std::string external_url;
};

// Dot of a notification: .Receiver, .Status, .Alerts, .GroupLabels, .CommonLabels, .CommonAnnotations, .RouteLabels,
// .ExternalURL.
[[nodiscard]] Value notification_data(const NotificationData& data);
// The names that exist there; any label and annotation may.
[[nodiscard]] Shape notification_shape();

}  // namespace watchbill::text_template
