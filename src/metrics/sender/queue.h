// The groups of samples that are on their way: which request goes out next, what is tried again and when, what is given up.
//
// A group is dealt to shards by the hash of its series; each shard sends its part in requests of a fixed size, one at a time, in
// the order of the log. A series therefore stays in order as long as the number of shards does; where two groups have different
// numbers, the later one waits for the whole of the earlier one. Pure: time is given, calls go out and answers come in as
// values. Source of what is tried again: Prometheus 2.42, storage/remote (client.go, queue_manager.go).
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "metrics/sender/sent_series.h"
#include "metrics/sender/terms.h"
#include "metrics/tsdb/log_follower.h"

namespace watchbill::metrics::sender {

struct QueuedSample {
  const SentSeries* series{nullptr};  // held by Group::tables
  std::int64_t t_ms{0};
  double value{0};
  std::uint32_t histogram{0};  // 0: it has a value; else Group::histograms[histogram - 1]
};

// Whether requests of the group may have been taken before.
enum class Repeat : std::uint8_t {
  never,
  as_before,  // perhaps, and then in exactly these requests
  otherwise,  // perhaps, in other requests: of one that is refused a part may be new
};

struct Group {
  explicit Group(std::uint32_t shard_count = 1) : parts(shard_count) {}

  tsdb::LogPlace begin, end;
  Repeat repeat{Repeat::never};
  std::int64_t newest_ms{0};                      // of what was read
  std::vector<std::vector<QueuedSample>> parts;   // one for each shard
  std::vector<std::string> histograms;            // histogram::encode()
  std::vector<std::shared_ptr<const SeriesTable>> tables;
  std::size_t sample_count{0};                    // in all parts
  [[nodiscard]] std::uint32_t shard_count() const noexcept { return static_cast<std::uint32_t>(parts.size()); }
};

class Queue {
 public:
  // Groups that may be open at once: one is sent while the shards that are done with it begin the next.
  static constexpr std::size_t groups_max = 2;

  Queue(const QueueTerms& terms, Figures& figures) : terms_(terms), figures_(figures) {}

  [[nodiscard]] bool has_room() const noexcept { return groups_.size() < groups_max; }
  [[nodiscard]] bool empty() const noexcept { return groups_.empty(); }
  // Holds: there is room, and the group begins where the one before ends.
  void open(Group group);
  // The oldest group, once every sample of it was answered; it is gone from here then.
  [[nodiscard]] bool take_finished(Group& out);
  // In order.
  template <class Visit>
  void each(Visit&& visit) const {
    for (const Open& open : groups_) visit(open.group);
  }

  // Gives the calls that may go out at `now`; their ids come from `next_id` on.
  void give_calls(Instant now, std::uint64_t& next_id, std::vector<Call>& out);
  // False when it is no call of this queue. What is to be said about it goes to `said`.
  bool take(const Answer& answer, Instant now, std::string& said);

  // When give_calls() may give the next one, if no answer comes before.
  [[nodiscard]] Instant wake_at() const noexcept;
  // The time of the last answer that was good.
  [[nodiscard]] Instant taken_at() const noexcept { return taken_at_; }
  // Sums since the start, for the number of shards.
  [[nodiscard]] double busy_seconds() const noexcept { return busy_seconds_; }
  [[nodiscard]] std::uint64_t answered_count() const noexcept { return answered_count_; }

 private:
  // One shard of a group.
  struct Lane {
    std::size_t next{0};              // the first sample that is not answered
    std::size_t end{0};               // of the request under way or to be repeated; `next` when there is none
    std::vector<std::size_t> cuts;    // where requests end that were cut smaller, the nearest last
    std::uint64_t call{0};            // 0: none is out
    Instant try_at;                   // not before
    Duration backoff;
    bool was_perhaps_taken{false};
    std::size_t body_bytes{0};
  };
  struct Open {
    Group group;
    std::vector<Lane> lanes;
    std::size_t unfinished{0};  // lanes
  };

  [[nodiscard]] bool may_go(std::size_t group, std::size_t lane) const noexcept;
  [[nodiscard]] bool find(std::uint64_t call, std::size_t& group, std::size_t& lane) const noexcept;
  [[nodiscard]] std::string body_of(const Group& group, std::size_t shard, const Lane& lane);
  [[nodiscard]] static Counts counts_of(const Group& group, std::size_t shard, const Lane& lane) noexcept;
  void cut_next(const Group& group, std::size_t shard, Lane& lane) const;
  void finish(Open& open, std::size_t shard);
  void note_taken(const Open& open, std::size_t shard, const Answer& answer, Instant now);
  void note_refused(Open& open, std::size_t shard, const Answer& answer, std::string& said);
  void try_again(Lane& lane, const Counts& counts, const Answer& answer, Instant now, std::string& said);
  // What is said once, until something is taken: trouble that passes hides no loss.
  enum class Trouble : std::uint8_t { retrying, dropping, repeating };
  void say_once(Trouble trouble, std::string text, std::string& said);

  const QueueTerms terms_;
  Figures& figures_;
  std::deque<Open> groups_;
  std::array<bool, 3> is_said_{};  // by Trouble, since the last good answer
  Instant taken_at_;
  double busy_seconds_{0};
  std::uint64_t answered_count_{0};
  std::vector<std::size_t> order_;  // reused by body_of()
};

// Whether the same request may be taken later. A redirect is no answer to a POST: nothing is lost until the URL is mended.
[[nodiscard]] bool may_try_again(std::uint32_t status, bool retries_429) noexcept;

}  // namespace watchbill::metrics::sender
