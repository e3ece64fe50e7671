// The one queue into the engine, with lanes: a storm in one lane never refuses another. The only lock that drivers and API meet.
#pragma once

#include <array>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <vector>

#include "core/process.h"
#include "model/command.h"
#include "model/limits.h"

namespace watchbill::engine {

// Called on the engine's thread when the answer is durable (or the command was refused without a record); must return at once.
using Reply = std::function<void(const core::Answer&)>;

struct Envelope {
  Command command;
  Reply reply;  // may be empty
};

class Inbox {
 public:
  explicit Inbox(const Limits& limits) : limits_(limits) {}

  // Puts a command into its lane. Refuses `busy` (people, answers), `ingest_full` (ingest) when the lane is full, `closing` after
  // close(). On refusal nothing was kept and `reply` is not called. Any thread.
  [[nodiscard]] std::optional<Refused> offer(Command command, Reply reply);

  // Takes up to `max` envelopes of the lanes from..to (in lane order, each lane first in first out; at least one of every lane in
  // use as far as `max` allows). Engine's thread.
  [[nodiscard]] std::vector<Envelope> take(Lane from, Lane to, std::size_t max);

  // Waits until something waits, close() or wake() was called, or `longest` has passed. Engine's thread.
  void wait(Duration longest);
  void wake();
  void close();

  [[nodiscard]] std::array<std::size_t, lane_count> depths() const;
  [[nodiscard]] std::array<std::uint64_t, lane_count> refused_counts() const;

 private:
  [[nodiscard]] std::size_t bound(Lane lane) const noexcept;

  Limits limits_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::array<std::deque<Envelope>, lane_count> lanes_;
  std::array<std::uint64_t, lane_count> refused_{};
  bool is_woken_{false};
  bool is_closed_{false};
};

}  // namespace watchbill::engine
