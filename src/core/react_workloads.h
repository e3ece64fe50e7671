// Actions of kind workload: the area workload carries them out, in the same record as their intent. Rows of the table in
// core/react.cpp, and what the core itself knows when a run looks at a workload. Source: domain/plans.md §3.3.
//
// Succeeded: `start`, an incarnation is up; `stop`, every one is at rest; `restart`, a higher incarnation than before is up.
// Commands of a run carry its id as their actor. What a plan asks spends no restart budget.
#pragma once

#include "core/react.h"
#include "model/effect.h"

namespace watchbill::core {

// One of the three: the verb of the action that was intended. Nothing when what it asks is there already, and for a workload that
// the bill does not have: that outcome stays unknown.
void start_workload(const State& state, const Event& event, std::vector<Command>& commands);
void stop_workload(const State& state, const Event& event, std::vector<Command>& commands);
void restart_workload(const State& state, const Event& event, std::vector<Command>& commands);
// There was nothing to do: the outcome at once.
void note_workload_as_asked(const State& state, const Event& event, std::vector<Command>& commands);
// The command of a run was refused: its action has failed.
void fail_refused_workload(const State& state, const Event& event, std::vector<Command>& commands);
// A workload was started, or has changed its state: runs that wait for it.
void note_workload_changed(const State& state, const Event& event, std::vector<Command>& commands);
// The controller before has asked, and it has happened since.
void note_workload_found(const State& state, const Event& event, std::vector<Command>& commands);

// Adds what is known of the workloads that the effect is to look at.
void add_known(const State& state, Effect& effect);

}  // namespace watchbill::core
