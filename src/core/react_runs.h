// Reactions that concern runs and bindings: rows of the table in core/react.cpp.
#pragma once

#include "core/react.h"

namespace watchbill::core {

// The transition asks for the mitigation that is bound to the alert's name.
void consider_binding(const State& state, const Event& event, std::vector<Command>& commands);
// With evidence, and when no other alert that asked for a run still fires: the run is not needed any more.
void note_not_needed(const State& state, const Event& event, std::vector<Command>& commands);
// The automatic means of a binding are used up: nothing more of it starts until a person releases the hold.
void hold_used_up_binding(const State& state, const Event& event, std::vector<Command>& commands);
// A compensation or a rollback failed: the same.
void hold_failed_binding(const State& state, const Event& event, std::vector<Command>& commands);
void propose_mitigation(const State& state, const Event& event, std::vector<Command>& commands);
// Runs that have not started are proposed anew when the new bill gives another plan.
void recheck_waiting_runs(const State& state, const Event& event, std::vector<Command>& commands);
void take_over_runs(const State& state, const Event& event, std::vector<Command>& commands);
void note_hold(const State& state, const Event& event, std::vector<Command>& commands);
void go_on_after_release(const State& state, const Event& event, std::vector<Command>& commands);
// A target is free, or a run has left the queue: those that waited behind it, in the order of their requests.
void start_waiting_runs(const State& state, const Event& event, std::vector<Command>& commands);
void start_runs_behind(const State& state, const Event& event, std::vector<Command>& commands);
// A notify step: one delivery.
void send_notice(const State& state, const Event& event, std::vector<Command>& commands);

}  // namespace watchbill::core
