// Everything the controller knows and has recorded. Changed by apply() only; the same records give the same state, bit for bit.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/access/requests.h"
#include "core/alert/alert.h"
#include "core/binding/binding.h"
#include "core/control/hold.h"
#include "core/lease/lease.h"
#include "core/plan/state.h"
#include "core/route/delivery.h"
#include "core/route/muting.h"
#include "core/workload/state.h"
#include "model/command.h"
#include "model/ids.h"
#include "model/schedule.h"

namespace watchbill::core {

// The format of State's canonical text. Raised when a table's meaning changes; digests are compared within one format only.
inline constexpr std::uint32_t state_format = 6;

// The last bill that was refused, until one is taken.
struct RejectedBill {
  Instant at;
  std::string by;
  std::uint64_t errors{0};
  Digest files;
  RejectedFinding first;
  template <class To> static constexpr auto fields(To&& to) {
    using B = RejectedBill;
    return to(field("at_ms", &B::at), field("by", &B::by), field("errors", &B::errors), field("files", &B::files),
              field("first", &B::first));
  }
};

// Where the journal stands.
struct Progress {
  std::string build;
  Digest configuration;  // that holds; zero before the first
  Epoch epoch{0};
  Lineage lineage;
  bool read_only{false};
  std::optional<RejectedBill> rejected;
  Segment segment{1};    // that the next record belongs to
  Sequence sequence{0};  // of the last applied record
  std::uint32_t state_format{0};
  Instant time;  // of the last applied record
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("build", &Progress::build),
              field("configuration", &Progress::configuration),
              field("epoch", &Progress::epoch),
              field("lineage", &Progress::lineage),
              field("read_only", &Progress::read_only),
              field("rejected", &Progress::rejected),
              field("segment", &Progress::segment),
              field("sequence", &Progress::sequence),
              field("state_format", &Progress::state_format),
              field("time_ms", &Progress::time));
  }
};

struct State {
  Progress progress;
  access::State access;
  alert::State alert;
  binding::State binding;
  control::State control;
  lease::State lease;
  plan::State plan;
  route::State route;
  workload::State workload;
  // Reactions that a record left for the next one; they go first.
  std::vector<Command> pending_reactions;
  // Derived from the tables.
  Schedule schedule;
};

// What was last seen and is not recorded: decide() may read it, apply() never does, a restart starts with it empty.
struct Seen {
  access::Seen access;
};

// Calls visit(name, table) for every table of the state, in the order of their names. The one list of them: digest, snapshot and
// comparison go through it.
template <class StateReference, class Visit>
void each_table(StateReference& state, Visit&& visit) {
  visit("access.refusals", state.access.refusals);
  visit("access.requests", state.access.requests);
  visit("alert.alerts", state.alert.alerts);
  visit("alert.rules", state.alert.rules);
  visit("binding.counted", state.binding.bindings);
  visit("binding.refused", state.binding.refusals);
  visit("control.holds", state.control.holds);
  visit("lease.targets", state.lease.targets);
  visit("plan.configuration", state.plan.configuration);
  visit("plan.plans", state.plan.plans);
  visit("plan.runs", state.plan.runs);
  visit("plan.suggested", state.plan.suggestions);
  visit("route.alerts", state.route.alerts);
  visit("route.deliveries", state.route.deliveries);
  visit("route.groups", state.route.groups);
  visit("route.routing", state.route.routing);
  visit("route.silences", state.route.silences);
  visit("workload.keepers", state.workload.keepers);
  visit("workload.probes", state.workload.probes);
  visit("workload.supervisor", state.workload.supervisor);
  visit("workload.workloads", state.workload.workloads);
}

// The digest of all that is recorded. Cost: what changed since the last call.
[[nodiscard]] Digest digest_of(State& state);

// The state as text, one line each: progress, pending reactions, then every entry of every table as [TABLE, ENTRY].
void write_snapshot(const State& state, std::string& out);

// Reads what write_snapshot wrote. Fails (corrupt) on anything else.
[[nodiscard]] Result<State> read_snapshot(std::string_view text, const Limits& limits);

// The full scan: what the indexes must hold. Start uses it after a snapshot; simulation compares it with the live ones.
void rebuild_derived(State& state, const Limits& limits);

}  // namespace watchbill::core
