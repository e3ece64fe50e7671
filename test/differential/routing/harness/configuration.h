// A generated configuration of an Alertmanager: a tree of routes, receivers that are webhooks of the test, inhibit rules.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "differential/harness/random.h"
#include "differential/routing/harness/conditions.h"

namespace watchbill::routing_differential {

// In the text where the address of the receiver stands, which each side has of its own.
inline constexpr const char* receiver_place = "http://RECEIVER";

struct Webhook {
  bool sends_resolved{true};
  std::size_t alert_count_max{0};  // 0: no bound
};

struct ReceiverPlan {
  std::string name;
  std::vector<Webhook> webhooks;
};

struct RoutePlan {
  std::string receiver;  // "": its parent's
  std::vector<Condition> conditions;
  bool is_old_style{false};  // `match` and `match_re`, where its conditions can be written so
  bool goes_on{false};
  std::optional<std::vector<std::string>> group_by;
  std::optional<Duration> wait, interval;
  std::vector<std::size_t> children;  // in ConfigurationPlan::routes
};

struct ConfigurationPlan {
  std::vector<ReceiverPlan> receivers;
  std::vector<RoutePlan> routes;  // the root is the first
  std::vector<InhibitRule> rules;
  [[nodiscard]] Duration longest_interval() const;
  // Some messages leave alerts out.
  [[nodiscard]] bool is_bounded() const;
  [[nodiscard]] std::string yaml() const;
};

[[nodiscard]] ConfigurationPlan configuration_of(differential::Random& random);

// The small alphabet of labels: each with its values, "" for none.
struct Letters {
  std::string name;
  std::vector<std::string> values;
};
[[nodiscard]] const std::vector<Letters>& alphabet();
// One or two conditions of all kinds. `narrows`: at least one of them does not take the empty text.
[[nodiscard]] std::vector<Condition> conditions_of(differential::Random& random, bool narrows);

}  // namespace watchbill::routing_differential
