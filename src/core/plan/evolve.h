// What each event makes of its run: the one definition, used by apply() on the state and by decide() on its draft. Total.
#pragma once

#include "core/plan/state.h"

namespace watchbill::core::plan {

// Holds true: `plan` is the run's, `at` the record's time.
void evolve(Run& run, const Plan& plan, const PlanStarted& event, Instant at);
void evolve(Run& run, const Plan& plan, const MutateGranted& event, Instant at);
void evolve(Run& run, const Plan& plan, const MutateWithdrawn& event, Instant at);
void evolve(Run& run, const Plan& plan, const PlanCompleted& event, Instant at);
void evolve(Run& run, const Plan& plan, const PlanFailed& event, Instant at);
void evolve(Run& run, const Plan& plan, const PlanCompensated& event, Instant at);
void evolve(Run& run, const Plan& plan, const PlanHeld& event, Instant at);
void evolve(Run& run, const Plan& plan, const PlanResumed& event, Instant at);
void evolve(Run& run, const Plan& plan, const PlanCancelled& event, Instant at);
void evolve(Run& run, const Plan& plan, const PlanRefused& event, Instant at);
void evolve(Run& run, const Plan& plan, const PlanLeft& event, Instant at);
void evolve(Run& run, const Plan& plan, const StepIntended& event, Instant at);
void evolve(Run& run, const Plan& plan, const StepCompleted& event, Instant at);
void evolve(Run& run, const Plan& plan, const StepFailed& event, Instant at);
void evolve(Run& run, const Plan& plan, const StepSkipped& event, Instant at);
void evolve(Run& run, const Plan& plan, const QueueExpired& event, Instant at);
void evolve(Run& run, const Plan& plan, const CancelRequested& event, Instant at);
void evolve(Run& run, const Plan& plan, const HoldRequested& event, Instant at);
void evolve(Run& run, const Plan& plan, const CompensationStarted& event, Instant at);
void evolve(Run& run, const Plan& plan, const UndoIntended& event, Instant at);
void evolve(Run& run, const Plan& plan, const UndoCompleted& event, Instant at);
void evolve(Run& run, const Plan& plan, const UndoFailed& event, Instant at);
void evolve(Run& run, const Plan& plan, const ObservationChanged& event, Instant at);
void evolve(Run& run, const Plan& plan, const RetryScheduled& event, Instant at);
void evolve(Run& run, const Plan& plan, const OutcomeAnswered& event, Instant at);
void evolve(Run& run, const Plan& plan, const EffectIntended& event, Instant at);
void evolve(Run& run, const Plan& plan, const EffectSucceeded& event, Instant at);
void evolve(Run& run, const Plan& plan, const EffectFailed& event, Instant at);
void evolve(Run& run, const Plan& plan, const EffectOutcomeUnknown& event, Instant at);
void evolve(Run& run, const Plan& plan, const EffectFoundDone& event, Instant at);
void evolve(Run& run, const Plan& plan, const EffectFoundAbsent& event, Instant at);
void evolve(Run& run, const Plan& plan, const EffectProbeExhausted& event, Instant at);
void evolve(Run& run, const Plan& plan, const ApprovalGiven& event, Instant at);
void evolve(Run& run, const Plan& plan, const ApprovalRejected& event, Instant at);
void evolve(Run& run, const Plan& plan, const ApprovalWithdrawn& event, Instant at);
void evolve(Run& run, const Plan& plan, const ApprovalExpired& event, Instant at);
void evolve(Run& run, const Plan& plan, const ApprovalCompleted& event, Instant at);
void evolve(Run& run, const Plan& plan, const LeaseTakenOver& event, Instant at);
void evolve(Run& run, const Plan& plan, const BindingTriggered& event, Instant at);

// The run that PlanProposed makes.
[[nodiscard]] Run run_from(const PlanProposed& event, const Plan& plan, Instant at);

}  // namespace watchbill::core::plan
