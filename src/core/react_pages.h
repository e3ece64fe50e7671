// Pages: conditions of our own that somebody must be told of, as built-in alerts through the root route. Rows of the table in
// core/react.cpp. Source: domain/incidents.md §4, "Page without on-call".
//
// Each page is one alert for one subject. It is raised when its condition begins, which may be said more than once, and resolved
// when the condition has ended, whoever ended it. A page may have a binding like any other alert.
#pragma once

#include "core/react.h"

namespace watchbill::core {

// WorkloadFailed{workload}: its restarts are used up, it stays down until a person acts.
void page_failed_workload(const State& state, const Event& event, std::vector<Command>& commands);
void clear_failed_workload(const State& state, const Event& event, std::vector<Command>& commands);

// RunHeld{run}: it waits for a person, whatever for. It ends with every event that takes a run out of that state.
void page_held_run(const State& state, const Event& event, std::vector<Command>& commands);
void clear_held_run(const State& state, const Event& event, std::vector<Command>& commands);

// BindingHeld{alert}: limits stopped the binding; no mitigation of that alert starts until a person releases the hold.
void page_held_binding(const State& state, const Event& event, std::vector<Command>& commands);
void clear_held_binding(const State& state, const Event& event, std::vector<Command>& commands);

// NotificationUndelivered{channel}: a message was tried three times, or was refused for good. It is about the channel, not about
// the message: the channel's own copy of this page that fails as well raises nothing more, and is the message that finds out
// when the channel works again. It ends when the channel took a message and owes no other, or when the bill has it no more.
void page_undelivered(const State& state, const Event& event, std::vector<Command>& commands);
void clear_undelivered(const State& state, const Event& event, std::vector<Command>& commands);
void clear_gone_channels(const State& state, const Event& event, std::vector<Command>& commands);

}  // namespace watchbill::core
