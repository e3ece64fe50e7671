// Answers a condition of a plan, gate or probe from one snapshot, with the samples that it rests on.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "metrics/promql/condition.h"
#include "metrics/tsdb/snapshot.h"

namespace watchbill::drivers::query {

struct Question {
  std::string condition;               // PromQL as design/bill.md §1 reads it
  std::optional<Instant> newer_than;   // an old world proves nothing (domain/plans.md §3.2)
  std::optional<Instant> at;           // of evaluation; absent: when its turn comes
  std::optional<Instant> deadline;     // of the engine clock: what is not answered by then is no_data, "timed_out"
};

struct Finding {
  metrics::promql::ConditionVerdict verdict{metrics::promql::ConditionVerdict::no_data};
  std::string reason;                  // of no_data: "stale", "no_samples", "not_a_number", "query_failed: …",
                                       // "timed_out", "busy"
  std::vector<std::string> samples;    // at most 32: "up{job=\"web\"} 0@2026-03-01T12:00:00.000Z"
  std::optional<Instant> oldest_newest;  // the oldest among the newest samples of each selector
};

// Pure; any thread; never fails: what cannot be answered is no_data.
[[nodiscard]] Finding find_answer(const Question& question, const metrics::tsdb::Snapshot& snapshot, Instant at,
                                  const metrics::promql::EvaluationOptions& options);

}  // namespace watchbill::drivers::query
