// Compares what two routers told and answered after one moment of a story. What may differ is one list; all else is a difference.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "differential/routing/harness/scenario.h"
#include "differential/routing/harness/view.h"

namespace watchbill::routing_differential {

enum class Deviation : std::uint8_t {
  // An alert that was told and ended while it was muted: watchbill tells its end when the mute ends, Alertmanager forgets it
  // (docs/decisions/muting.md). Only where watchbill is the right side.
  owed_end,
  // A group was flushed while the alerts of one post still came in: what one side told in two messages, the other told in one.
  // Only when the first of them came at once after the post, and both say the same in the end.
  flush_within_post,
  // Of several alerts that inhibit one, Alertmanager names any one. All that are named must do it.
  other_source,
  // What was posted without a link has one to us. Only where watchbill is the right side.
  own_link,
};
inline constexpr std::size_t deviation_count = 4;
[[nodiscard]] const char* name_of(Deviation deviation);

struct Tally {
  std::size_t stories{0}, moments{0}, alerts{0}, muted{0}, groups{0}, messages{0};  // compared
  std::array<std::size_t, deviation_count> allowed{};
  void add(const Tally& other);
  [[nodiscard]] std::string text() const;
};

// What one side showed after a moment, and told since the one before.
struct Seen {
  Snapshot snapshot;
  std::vector<Message> messages;
};

class Comparison {
 public:
  // `is_ours`: the right side is watchbill, and its own deviations are allowed.
  Comparison(const Scenario& scenario, bool is_ours) : scenario_(scenario), is_ours_(is_ours) {}

  // "" when both are alike; else what differs, with both texts. `posted_at`: when both had taken the moment's posts.
  [[nodiscard]] std::string judge(const Moment& moment, const Seen& left, const Seen& right, Clock::time_point posted_at);
  [[nodiscard]] const Tally& tally() const noexcept { return tally_; }

 private:
  using Sequence = std::vector<Message>;  // of one webhook and group
  [[nodiscard]] std::string judge_messages(const Seen& left, const Seen& right, Clock::time_point posted_at);
  [[nodiscard]] bool are_alike(const std::string& key, const Sequence& left, const Sequence& right, Clock::time_point posted_at);
  [[nodiscard]] bool differ_by_owed_ends(const std::string& key, const Sequence& left, const Sequence& right);
  [[nodiscard]] bool are_split_otherwise(const Sequence& left, const Sequence& right, Clock::time_point posted_at);
  [[nodiscard]] bool has_alike_links(const Sequence& left, const Sequence& right);
  [[nodiscard]] std::string judge_alerts(const std::vector<SeenAlert>& left, const std::vector<SeenAlert>& right,
                                         const Snapshot& left_all, const Snapshot& right_all);
  [[nodiscard]] std::string judge_groups(const Snapshot& left, const Snapshot& right);
  [[nodiscard]] std::string fault_of_sources(const SeenAlert& alert, const Snapshot& all) const;
  void allow(Deviation deviation) { ++tally_.allowed[static_cast<std::size_t>(deviation)]; }

  const Scenario& scenario_;
  const bool is_ours_;
  Tally tally_;
  std::set<std::string> ended_muted_;                           // alerts, by text
  std::set<std::pair<std::string, std::string>> told_late_;     // key, alert
  std::map<std::string, std::vector<std::string>> last_firing_;  // what the left side told last, by key
};

}  // namespace watchbill::routing_differential
