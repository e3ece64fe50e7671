// What the API is shown of targets and rule groups.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/time.h"
#include "metrics/rules/group.h"
#include "model/configuration_metrics.h"
#include "model/labels.h"

namespace watchbill::api {

// One target as it is asked.
struct TargetView {
  std::string job;
  Labels discovered;  // with __address__ and the like, as Prometheus shows them
  Labels labels;
  std::string url;
  bool is_up{false};
  Instant last_at;    // of the last answer or failure; 0 before the first
  Duration took, interval, timeout;
  std::string last_error;
};

// One rule group as it is evaluated.
struct RuleGroupView {
  const RuleGroupConfiguration& written;
  const metrics::rules::RuleGroup& compiled;
  Instant evaluated_at;  // the last slot; 0 before the first
  std::int64_t took_us{0};
  std::uint64_t missed_count{0}, failure_count{0};
  std::vector<metrics::rules::RuleHealth> health;  // by the rules' place; shorter while the group is new
};
// All of them at one moment. May be read on any thread.
struct RuleGroups {
  std::shared_ptr<const void> kept;  // what the views refer to
  std::vector<RuleGroupView> views;
};

}  // namespace watchbill::api
