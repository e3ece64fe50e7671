// What must hold in every world. Each function gives an empty text, or what is wrong in one sentence. Each is proved by a plant.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/state.h"
#include "engine/recovery.h"
#include "ports/effects.h"
#include "ports/journal.h"
#include "sim/people.h"
#include "sim/read_journal.h"

namespace watchbill::sim {

// The state that comes from all records, carried on from check to check: each record is applied once.
class FullReplay {
 public:
  explicit FullReplay(const Limits& limits) : limits_(limits) {}
  // Applies what was added; starts over when the journal no longer holds what was applied.
  [[nodiscard]] std::string catch_up(ports::JournalPort& journal);
  // Once caught up: this state, and `state`, called by `name`, are the same: the live one, or one from a snapshot and the tail.
  [[nodiscard]] std::string compare_with(core::State& state, const std::string& name);
  // Once caught up: the indexes of the live state hold what a full scan finds. The tables that are scanned are the same ones,
  // replayed: the digests in the journal say so, and those of the live state need not be copied.
  [[nodiscard]] std::string compare_indexes(const core::State& live);
  // What was first found wrong with messages while records were applied (mute_checkers.h).
  [[nodiscard]] const std::string& wrong_message() const noexcept { return wrong_message_; }

 private:
  void check_messages(const engine::CheckedRecord& record);

  const Limits& limits_;
  core::State state_;
  ChainHead head_;
  std::uint64_t digests_compared_{0};
  std::string wrong_message_;
};
// The hash chain verifies from the first record to the last.
[[nodiscard]] std::string broken_chain(ports::JournalPort& journal);
// Time and epoch never go back, from the record at `from` on.
[[nodiscard]] std::string time_or_epoch_going_back(const std::vector<StoredRecord>& records, std::size_t from);
// No request id was decided twice.
[[nodiscard]] std::string doubled_request(const ReadJournal& journal);
// Everything that was acknowledged is in the journal, in the record that the answer named. Records of the answers before `from`
// were looked into before: of them only that they are there is checked.
[[nodiscard]] std::string missing_acknowledgement(const std::vector<StoredRecord>& records,
                                                  const std::vector<Acknowledged>& answers, std::size_t from);
// Deciding the recorded causes again gives the recorded events.
[[nodiscard]] std::string differs_when_decided_again(ports::JournalPort& journal, const Limits& limits);
// After everything settled: each delivery was sent (and a receiver has it), failed for a reason, or was given up.
[[nodiscard]] std::string unfinished_delivery(const core::State& state,
                                              const std::function<std::uint64_t(const std::string&)>& accepted);
// What is wrong with what the webhooks of the world (fleet.cpp) heard last of each alert, after everything settled, or "": that
// it fires when it does, that it is over when they were told that it fired.
[[nodiscard]] std::string told_otherwise(const core::State& state, const std::map<std::string, std::string>& heard);
// Whoever must be paged of is: every held run, every binding that limits hold, every channel that is failing has its alert, and
// no run or binding that goes on has one.
[[nodiscard]] std::string unpaged(const core::State& state);
// The deliveries that durable records ask for. Reads each record once.
class DurableIntents {
 public:
  [[nodiscard]] bool has(const std::vector<StoredRecord>& records, const DeliveryId& delivery);
  // The disk may have lost records at its end: what only they asked for is forgotten.
  void lost_behind(const std::vector<StoredRecord>& records);

 private:
  std::size_t read_{0};
  std::map<std::string, Sequence> deliveries_;  // with the first record that asks for it
};

// For the plants old_controller_writes_on and clock_runs_back: appends a well-chained record under a lower epoch or an earlier
// time.
void append_from_the_past(ports::JournalPort& journal, const std::vector<StoredRecord>& records, ports::EntropyPort& entropy,
                          Epoch epochs_back, Duration time_back);

}  // namespace watchbill::sim
