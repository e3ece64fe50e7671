// Planted faults: each is a lie that one of the checkers must find. A checker that never failed has never checked.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "model/fields.h"

namespace watchbill::sim {

enum class Plant : std::uint8_t {
  none,
  disk_lies_about_sync,        // append says durable, a crash loses the batch
  disk_drops_a_record,         // one record in the middle is gone
  disk_flips_a_bit,            // one bit of a stored payload changes
  disk_keeps_half_a_batch,     // a batch is torn: its first records stay, its last are lost, though it was acknowledged
  snapshot_is_altered,         // the follower makes snapshots, and their digests, of another state than it has
  request_ids_are_forgotten,   // the same request is decided twice
  driver_sends_without_intent, // a message leaves that no record asked for
  driver_changes_the_id,       // an attempt is sent under another delivery id
  driver_loses_outcomes,       // what became of an attempt is never reported
  driver_empties_a_message,    // a receiver accepts a message that does not say what was to be said
  index_forgets_an_effect,     // the ready index loses a subject: a message is owed and never sent
  clock_runs_back,             // a record carries a time before the one before it
  old_controller_writes_on,    // a controller that lost its place appends under its old epoch
  restart_trusts_an_empty_store,   // rules take what is not loaded yet for gone
  vanished_series_is_called_well,  // an alert whose series is gone ends as if its condition were false
  alert_loses_its_samples,         // an answer comes without the samples that it rests on
  slots_are_not_counted,           // an alert with k_of_n is treated as one without
  what_has_not_recovered_ends,     // an alert that waits for its `recover` query ends with its condition
  keeper_forgets_an_exit,      // a leader's exit is never reported
  keeper_tells_an_exit_twice,  // one exit comes under two numbers
  keeper_starts_what_was_lost, // a lost workload is started by nobody's order
  keeper_adopts_another_process, // an adopted workload has another pid than it was started with
  keeper_stops_a_sibling,      // a stop of one workload ends another that does not depend on it
  run_acts_without_intent,     // an executor does what no record asked for
  run_acts_under_new_ids,      // … does it again under another effect id
  run_forgets_ids,             // … forgets what it has done, and says it never saw it
  run_ignores_fences,          // … does what a controller asks that was replaced
  run_loses_everything,        // nothing that is sent ever arrives, though all faults have ended
  page_is_taken_back,          // the page of a held run ends while the run is still held
};

}  // namespace watchbill::sim

template <>
struct watchbill::Words<watchbill::sim::Plant> {
  static constexpr std::array<std::string_view, 30> table{
      "none", "disk_lies_about_sync", "disk_drops_a_record", "disk_flips_a_bit", "disk_keeps_half_a_batch", "snapshot_is_altered",
      "request_ids_are_forgotten", "driver_sends_without_intent", "driver_changes_the_id", "driver_loses_outcomes",
      "driver_empties_a_message", "index_forgets_an_effect", "clock_runs_back", "old_controller_writes_on",
      "restart_trusts_an_empty_store", "vanished_series_is_called_well", "alert_loses_its_samples",
      "slots_are_not_counted", "what_has_not_recovered_ends",
      "keeper_forgets_an_exit", "keeper_tells_an_exit_twice", "keeper_starts_what_was_lost", "keeper_adopts_another_process",
      "keeper_stops_a_sibling",
      "run_acts_without_intent", "run_acts_under_new_ids", "run_forgets_ids", "run_ignores_fences", "run_loses_everything",
      "page_is_taken_back"};
};
