// All events, and how one stands in a record. What has happened cannot be refused; stored bytes are never rewritten.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/json.h"
#include "model/event_alert.h"
#include "model/event_binding.h"
#include "model/event_config.h"
#include "model/event_control.h"
#include "model/event_effect.h"
#include "model/event_engine.h"
#include "model/event_lease.h"
#include "model/event_mute.h"
#include "model/event_plan.h"
#include "model/event_route.h"
#include "model/event_run.h"
#include "model/event_step.h"
#include "model/event_workload_notice.h"

namespace watchbill {

// By area.
using AnyEvent = std::variant<
    // engine
    LineageStarted, EpochStarted, CommandRefused, ClockJumped, SegmentSealed, SnapshotWritten, ObjectArchived,
    JournalBecameReadOnly, JournalBecameWritable, ConfigAccepted, ConfigRejected, EffectIntended, EffectSucceeded, EffectFailed,
    EffectOutcomeUnknown, EffectFoundDone, EffectFoundAbsent, EffectProbeExhausted,
    // control
    HoldSet, HoldReleased,
    // route
    NotificationIntended, NotificationSent, NotificationFailed, NotificationGivenUp, NotificationNotSent,
    // mute
    SilenceCreated, SilenceUpdated, SilenceExpired,
    // rule
    RuleEvaluated, RuleEvaluationFailed,
    // alert
    AlertBecamePending, AlertFired, AlertResolved,
    // workload
    StandingOrderGiven, StandingOrderTaken, WorkloadCommanded, WorkloadStateChanged, WorkloadHealthChanged, WorkloadStarted,
    WorkloadExited, RestartDecided, RestartBudgetExhausted, WorkloadStopped, WorkloadHung, WorkloadAdopted, WorkloadLost,
    KeeperReplaced, GroupDiagnosed, OutputGapNoted, HookFailed, TaskReported, ReportsDropped,
    // binding
    BindingTriggered, BindingRefused,
    // plan
    PlanProposed, PlanStarted, PlanCompleted, PlanFailed, PlanCompensated, PlanHeld, PlanResumed, PlanCancelled, PlanRefused,
    PlanLeft, StepIntended, StepCompleted, StepFailed, StepSkipped, MutateGranted, MutateWithdrawn, QueueExpired,
    CancelRequested, HoldRequested, CompensationStarted, UndoIntended, UndoCompleted, UndoFailed, ObservationChanged,
    RetryScheduled, OutcomeAnswered, DryRunCompleted,
    // approval
    ApprovalGiven, ApprovalRejected, ApprovalWithdrawn, ApprovalExpired, ApprovalCompleted,
    // lease
    LockGranted, LockReleased, LeaseTakenOver, StaleFenceRefused>;

// One event; std::visit, std::get_if and std::holds_alternative take it. What a variant of so many alternatives needs for its
// copies, moves and end is compiled once, in event.cpp: in every file that touches an event it was most of the build.
struct Event : AnyEvent {
  Event();  // of the first kind
  template <class T>
    requires requires { T::type; } && (!requires { T::lane; })
  Event(T event) : AnyEvent(std::in_place_type<T>, std::move(event)) {}
  Event(const Event& other);
  Event(Event&& other) noexcept;
  Event& operator=(const Event& other);
  Event& operator=(Event&& other) noexcept;
  ~Event();
};

using Events = std::vector<Event>;

// An event of a record with the index, in that record, of the event that caused it; none when the command itself did.
struct RecordedEvent {
  Event event;
  std::optional<std::uint32_t> after;
};

[[nodiscard]] std::string_view type_of(const Event& event) noexcept;
[[nodiscard]] Area area_of(const Event& event) noexcept;
// The id of what the event is about, as people and `why` name it ("all", a delivery id, …); empty when it is about the journal
// itself.
[[nodiscard]] std::string subject_of(const Event& event);

// The blob that apply() reads to build state from the event, if it names one: an event struct with `static constexpr auto
// state_blob = &T::member` does. Other digests only point to bytes that drivers or people read.
[[nodiscard]] std::optional<Digest> state_blob_of(const Event& event);

// Why stored bytes could not be read as what they should be. `newer` names what a later release wrote: this build must not go on.
struct DecodeFailure {
  bool is_newer{false};
  std::string what;  // "event FooHappened version 2", "events"
};

// Appends {"type":…,"version":…,…fields, "after":…} in canonical form.
void encode_event(JsonWriter& out, const RecordedEvent& event);

// Reads one event object into `event`, or says why not: then what stands there means nothing. Older versions are lifted to the
// present one on the way.
[[nodiscard]] std::optional<DecodeFailure> decode_event(CanonicalReader& in, RecordedEvent& event);

}  // namespace watchbill
