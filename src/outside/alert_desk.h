// What senders outside last said of their alerts: a Prometheus that repeats each alert every minute, amtool, a script.
//
// An Alertmanager keeps all of it in memory and forgets it with a restart. Here what begins and ends is in the journal, and this
// desk says what that is: it takes every word with Alertmanager's rules and tells which alerts the core must hear of. A
// repetition that only moves an alert's end is none of them. Times are whole milliseconds, where Alertmanager has nanoseconds.
//
// Changes are told in rounds: post() and meet() add to the open round, close_round() gives what the core must hear, and settle()
// says for each part whether the core has it. A part that it did not take is as if it had not been posted, so that the next
// repetition tries again. Between close_round() and the last settle() nothing is posted. An alert that begins and ends within one
// round is no change.
//
// Cost of an alert that is repeated: one hash of its labels and one lookup. No I/O, no clock; one thread at a time.
// Source: Alertmanager 0.25 api/v2 (postAlertsHandler), types.go (Merge), provider/mem (Put); prometheus/common
// model.Alert.Validate.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/time.h"
#include "model/command_outside.h"
#include "model/labels.h"

namespace watchbill::outside {

// One alert as it was posted; what its sender left out is absent.
struct PostedAlert {
  Labels labels;
  std::map<std::string, std::string> annotations;
  std::optional<Instant> starts_at, ends_at;
  std::string generator_url;
};

// What is known of one alert: Alertmanager's record of it.
struct Heard {
  Instant starts_at, ends_at;
  bool is_timeout{false};  // nobody said when it ends: `ends_at` is when its sender was silent for too long
  std::map<std::string, std::string> annotations;
  std::string generator_url;
  Instant updated_at;
};

// What a posted alert means at `now`, with the defaults of what was left out.
[[nodiscard]] Heard heard_of(const PostedAlert& posted, Instant now, Duration resolve_timeout);
// Why nobody can keep it, in Alertmanager's words; "" when it can be kept.
[[nodiscard]] std::string fault_of(const Labels& labels, const Heard& heard);
// What is known after `next` came behind `last`: both together where their times overlap, else `next`.
[[nodiscard]] Heard taken_together(const Heard& last, const Heard& next, Instant now);

struct DeskLimits {
  std::size_t alerts_max{100'000};
  std::size_t bytes_max{std::size_t{256} << 20};  // of labels, annotations and URLs of all of them
  std::size_t alert_bytes_max{std::size_t{64} << 10};  // of one: it goes into records and into messages
  Duration ended_age_max{Duration::minutes(15)};  // an ended one is kept so long: what comes late is taken together with it
};

class AlertDesk {
 public:
  explicit AlertDesk(const DeskLimits& limits) : limits_(limits) {}
  AlertDesk(const AlertDesk&) = delete;
  AlertDesk& operator=(const AlertDesk&) = delete;

  // After a start: an alert that the core has as firing. It lasts for a `resolve_timeout` more at least: nobody could say a word
  // while we were down.
  void remember(const OutsideAlert& alert, Instant now, Duration resolve_timeout);

  // What came of one post.
  struct Receipt {
    std::vector<std::string> faults;   // of alerts that cannot be kept, each with its place; the others are taken
    std::vector<std::string> crowded;  // the labels of those for which there is no room
    std::vector<std::size_t> changes;  // of the open round, that it waits for
  };
  // Adds what a sender says to the open round.
  [[nodiscard]] Receipt post(std::vector<PostedAlert> alerts, Instant now, Duration resolve_timeout);
  // Adds the alerts to the open round whose end came without another word, and forgets those that ended long ago.
  void meet(Instant now);
  // When meet() has something to do; never() when nothing is known.
  [[nodiscard]] Instant next_at() const noexcept;

  // What the core must hear.
  struct Change {
    std::size_t number{0};  // of Receipt::changes
    OutsideAlert alert;
  };
  [[nodiscard]] std::vector<Change> close_round(Instant now);
  // The core has heard it, or did not take it.
  void settle(std::size_t number, bool is_heard, Instant now);

  // What is known of an alert, or null; the pointer is good until the next call that changes something.
  [[nodiscard]] const Heard* find(const Labels& labels) const;
  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

 private:
  struct LabelsHash {
    [[nodiscard]] std::size_t operator()(const Labels& labels) const noexcept;
  };
  struct Entry {
    Heard heard;
    bool is_told{false};        // the core has it as firing
    Instant due{Instant::never()};  // its place in queue_; never(): it has none
    std::uint64_t number{0};    // its order there
    std::size_t change{0};      // in the open round, from 1
    std::size_t bytes{0};
  };
  using Entries = std::unordered_map<Labels, Entry, LabelsHash>;
  using Node = Entries::value_type;
  struct Due {
    Instant at;
    std::uint64_t number{0};
    Node* node{nullptr};
    friend bool operator<(const Due& a, const Due& b) noexcept { return a.at != b.at ? a.at < b.at : a.number < b.number; }
  };
  // What was before a change of the open round.
  struct Before {
    Labels labels;
    std::optional<Entry> entry;  // absent: nothing
    AlertEnd cause{AlertEnd::sender};
  };

  void take(PostedAlert posted, const std::string& place, Instant now, Duration resolve_timeout, Receipt& receipt);
  bool make_room(std::size_t bytes);
  void note_change(Node& node, std::optional<Entry> before, AlertEnd cause);
  void queue(Node& node, Instant not_before = {});
  void unqueue(Node& node);
  void erase(const Labels& labels);

  const DeskLimits limits_;
  Entries entries_;
  std::set<Due> told_;   // by when their end may come; may be early, never late
  std::set<Due> ended_;  // by when they are forgotten
  std::vector<Before> round_;
  std::size_t unsettled_count_{0};  // of a round that was closed
  std::uint64_t last_number_{0};
  std::size_t bytes_{0};
};

}  // namespace watchbill::outside
