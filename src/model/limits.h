// Every bound of the core and the engine, with its unit and its reason. A value, not constants: simulation shrinks it so that
// each bound is met often.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/time.h"

namespace watchbill {

struct Limits {
  // One batch is one durable append; larger ones only add latency (design/dependencies.md §5).
  std::size_t batch_commands_max{256};
  std::size_t batch_bytes_max{1U << 20};
  // One record stays readable and its replay short; one decision gives at most half of it, askers split their answers.
  std::size_t record_events_max{1024};
  std::size_t record_payload_bytes_max{4U << 20};
  std::size_t blob_bytes_max{16U << 20};
  // Reactions to reactions: a cycle between areas must end; what is left goes first in the next batch.
  std::size_t reaction_rounds_max{8};
  std::size_t pending_reactions_max{4096};

  // Lanes of the inbox (design/architecture.md, backpressure).
  std::size_t outcomes_in_flight_max{1024};
  std::size_t people_max{256};
  std::size_t deadlines_per_batch_max{64};
  std::size_t answers_max{4096};
  std::size_t ingest_max{8192};
  // Durable records that wait for the follower in memory; of more it reads from the journal what it missed.
  std::size_t follower_queue_records_max{8192};

  // Request ids are kept so that a caller who got no answer may ask again.
  std::size_t request_ids_per_caller_max{10'000};
  Duration request_id_age_max{Duration::hours(24)};
  // Equal refusals of one caller make one record in this time, with a count.
  Duration refusal_interval{Duration::minutes(1)};
  std::size_t refusal_counters_max{1024};

  // Runs (domain/plans.md §8). Those of bindings are bounded further, so that a storm of alerts leaves room for people.
  std::size_t open_runs_max{64};
  std::size_t open_runs_of_bindings_max{16};
  std::size_t open_runs_per_binding_max{8};
  std::size_t runs_waiting_for_approval_max{100};
  std::size_t waiting_per_target_max{4};
  Duration queue_wait_max{Duration::minutes(10)};
  Duration approval_age_max{Duration::hours(24)};
  // Ended runs stay visible in state for a while, then the history has them.
  Duration run_age_max{Duration::hours(24)};
  // What a binding only suggested, and the refused alerts of one binding, stay in state for people: the last ones.
  std::size_t suggestions_max{100};
  std::size_t refusals_per_binding_max{8};
  // Names of targets are never forgotten, as their fences must not fall.
  std::size_t targets_max{10'000};
  // Plans: a person has to be able to read one.
  std::size_t plan_steps_max{100};
  std::size_t plan_parts_max{500};
  std::size_t step_actions_max{8};
  std::size_t plan_nesting_max{4};
  std::size_t plan_bytes_max{256U << 10};
  std::size_t parameter_bytes_max{4U << 10};
  Duration plan_length_max{Duration::hours(24)};
  Duration action_length_max{Duration::hours(1)};
  // Effects and questions of runs that drivers have at one time.
  std::size_t run_effects_in_flight_max{64};
  // Effects that change or ask something on one host at one time; the others wait for a place.
  std::size_t host_effects_in_flight_max{4};
  // How long probing an unknown outcome may take before a person is asked.
  Duration probing_max{Duration::seconds(300)};

  std::size_t holds_max{1000};
  // What the record of a refused bill names of its errors; the answer to who asked has all of them.
  std::size_t rejected_findings_max{20};
  std::size_t deliveries_max{10'000};
  std::size_t deliveries_in_flight_max{64};
  // Standing orders on their way to the keeper, which answers each within a millisecond.
  std::size_t orders_in_flight_max{64};
  // Ended deliveries stay visible in state for a while, then the history has them.
  Duration delivery_age_max{Duration::hours(24)};
  // One message about a group of alerts: what is beyond is counted in it as truncated. Receivers refuse larger ones anyway.
  std::size_t notification_bytes_max{4U << 20};

  // Alerts and the rules that made them. An answer of a rule is split so that its events fit one decision.
  std::size_t alerts_max{100'000};
  std::size_t rules_max{20'000};
  std::size_t rule_answer_changes_max{500};
  // Resolved alerts stay visible for a while, as in Prometheus.
  Duration resolved_alert_age_max{Duration::minutes(15)};

  // Silences; the ended ones stay visible as long as Alertmanager keeps them.
  std::size_t silences_max{10'000};
  Duration silence_age_max{Duration::hours(120)};

  // A digest of the whole state goes into the record of every sequence that is a multiple of this.
  std::uint64_t digest_every_records{4096};
  std::uint64_t segment_bytes_max{64U << 20};
  Duration segment_age_max{Duration::hours(24)};
};

}  // namespace watchbill
