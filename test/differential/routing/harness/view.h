// What a router answered and what it told, in a form that two routers' can be compared in: without ids and times of their own.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "differential/routing/harness/conditions.h"
#include "differential/routing/harness/receiver.h"

namespace watchbill::routing_differential {

// Of GET /api/v2/alerts, and of a group.
struct SeenAlert {
  LabelSet labels, annotations;
  std::string fingerprint, generator_url, state;
  std::int64_t starts_at_ms{0};
  std::vector<std::string> receivers;     // sorted
  std::vector<std::string> inhibited_by;  // fingerprints, sorted
  std::vector<std::string> silenced_by;   // comments, sorted
  // All of it but which alerts inhibit it, and its link, in one line.
  [[nodiscard]] std::string text() const;
};

struct SeenGroup {
  std::string receiver;
  LabelSet labels;
  std::vector<SeenAlert> alerts;  // by fingerprint
  [[nodiscard]] std::string text() const;
};

struct Snapshot {
  std::vector<SeenAlert> alerts;       // by fingerprint
  std::vector<SeenGroup> groups;       // by text
  std::vector<std::string> silences;   // a line for each that has not expired, sorted
  std::string raw_alerts, raw_groups, raw_silences;
  std::string fault;                   // what could not be read; then the rest is not to be looked at
};

// A silence's id to its comment.
using Comments = std::map<std::string, std::string>;
struct Answers {
  std::string alerts, groups, silences;
};
[[nodiscard]] Snapshot snapshot_of(const Answers& answers, const Comments& comments);

struct ToldAlert {
  LabelSet labels, annotations;
  std::string status, fingerprint, generator_url;
  std::int64_t starts_at_ms{0};
  std::optional<std::int64_t> ends_at_ms;  // absent: it has none
  [[nodiscard]] std::string text() const;
};

struct Message {
  std::string key;  // the webhook's path and the group key
  std::string receiver, status, version;
  LabelSet group_labels, common_labels, common_annotations;
  std::int64_t truncated{0};
  std::vector<ToldAlert> alerts;  // as they came
  Clock::time_point at;
  std::string raw, fault;
  [[nodiscard]] std::string text() const;
  [[nodiscard]] std::vector<std::string> having(const std::string& status) const;  // text of labels, sorted
};
[[nodiscard]] Message message_of(const Delivery& delivery);

// "" when what is said of all alerts is what they have in common, and the status is that of the alerts; else what is wrong.
[[nodiscard]] std::string fault_in_itself(const Message& message);

}  // namespace watchbill::routing_differential
