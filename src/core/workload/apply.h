// Applies events of the area. Total: what is in the journal has happened. Also what other areas' events mean for workloads: the
// bill, holds with restarts, epochs. WorkloadCommanded is in by_hand.h.
#pragma once

#include "core/workload/state.h"

namespace watchbill::core::workload {

void apply(State& state, const StandingOrderGiven& event, const Applying& applying);
void apply(State& state, const StandingOrderTaken& event, const Applying& applying);
void apply(State& state, const WorkloadStateChanged& event, const Applying& applying);
void apply(State& state, const WorkloadHealthChanged& event, const Applying& applying);
void apply(State& state, const WorkloadStarted& event, const Applying& applying);
void apply(State& state, const WorkloadExited& event, const Applying& applying);
void apply(State& state, const RestartDecided& event, const Applying& applying);
void apply(State& state, const RestartBudgetExhausted& event, const Applying& applying);
void apply(State& state, const WorkloadStopped& event, const Applying& applying);
void apply(State& state, const WorkloadHung& event, const Applying& applying);
void apply(State& state, const WorkloadAdopted& event, const Applying& applying);
void apply(State& state, const WorkloadLost& event, const Applying& applying);
void apply(State& state, const KeeperReplaced& event, const Applying& applying);
void apply(State& state, const GroupDiagnosed& event, const Applying& applying);
void apply(State& state, const OutputGapNoted& event, const Applying& applying);
void apply(State& state, const HookFailed& event, const Applying& applying);
void apply(State& state, const TaskReported& event, const Applying& applying);
void apply(State& state, const ReportsDropped& event, const Applying& applying);
void apply_archived(State& state, const std::string& workload, const Applying& applying);

// A new bill: what it adds begins as pending, what it changes is due for a new order, what it removes is withdrawn.
void take_configuration(State& state, const WorkloadsConfiguration& configuration, const Applying& applying);
// A hold with restarts was set on a scope, or released: orders that it covers are due for renewal. Other scopes change nothing.
void take_hold(State& state, const std::string& scope, bool is_set, const Applying& applying);
// A controller took over: closing is over.
void take_epoch(State& state, Epoch epoch, const Applying& applying);

// Rebuilds what is derived and adds what is owed and due to empty indexes: the full scan.
void rebuild(State& state, Schedule& schedule);

}  // namespace watchbill::core::workload
