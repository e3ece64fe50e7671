// All commands: what somebody asks for. A command may be refused; what it causes are events. Commands are kept in the journal as
// causes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/json.h"
#include "model/command_alert.h"
#include "model/command_binding.h"
#include "model/command_effect.h"
#include "model/command_engine.h"
#include "model/command_mute.h"
#include "model/command_outside.h"
#include "model/command_route.h"
#include "model/command_run.h"
#include "model/command_workload.h"
#include "model/command_workload_agent.h"
#include "model/event.h"
#include "model/event_config.h"

namespace watchbill {

// By area.
using AnyCommandBody = std::variant<
    // engine
    StartLineage, StartEpoch, NoteClockJump, NoteSnapshot, NoteReadOnly, NoteWritable, MeetDeadline, SealSegment, AcceptConfig,
    RejectConfig,
    // control
    SetHold, ReleaseHold,
    // route
    RequestNotification, ResendNotification, NoteDelivery,
    // mute
    SetSilence, ExpireSilence,
    // rule
    NoteRuleAnswer, NoteRuleFailure, RetireRule,
    // alert
    RaiseAlert, ClearAlert, NoteAlerts,
    // workload
    StartWorkload, StopWorkload, RestartWorkload, CloseWorkloads, NoteOrder, NoteStarted, NoteExited, NoteRestarted,
    NoteSettled, NoteHung, NoteAdopted, NoteDiagnosed, NoteOutputGap, NoteHookFailed, NoteTask, NoteReportsDropped, NoteKeeper,
    ProbeChanged,
    // binding
    ConsiderBinding,
    // plan
    StartRun, CancelRun, ResumeRun, ResolveRun, ProposeMitigation, NoteNotNeeded, NoteHold, GoOn, TakeOverRun, RecheckPlan,
    NoteOutcome, NoteLook, NoteProbe, NoteAnswer, NoteUndoSeen, NoteStaleFence,
    // approval
    GiveApproval, RejectApproval, WithdrawApproval>;

// What a command asks for: one of them. Its copies, moves and end are compiled in command.cpp, as those of an event are.
struct CommandBody : AnyCommandBody {
  CommandBody();  // of the first kind
  template <class T>
    requires requires { T::type; T::lane; }
  CommandBody(T body) : AnyCommandBody(std::in_place_type<T>, std::move(body)) {}
  CommandBody(const CommandBody& other);
  CommandBody(CommandBody&& other) noexcept;
  CommandBody& operator=(const CommandBody& other);
  CommandBody& operator=(CommandBody&& other) noexcept;
  ~CommandBody();
};

// A caller has the roles it came with; the controller itself may do whatever an area lets it.
enum class ActorKind : std::uint8_t { caller, engine };
template <>
struct Words<ActorKind> {
  static constexpr std::array<std::string_view, 2> table{"caller", "engine"};
};

// The name of a caller without a token.
inline constexpr std::string_view anonymous_actor = "anonymous";

// Who asks. Roles are those the caller had at that moment, so that the decision can be repeated.
struct Actor {
  ActorKind kind{ActorKind::caller};
  std::string name;                // "ana", "anonymous"; of an engine actor what it acts as: "engine", "clock"
  std::vector<std::string> roles;  // viewer, operator, approver, admin, or names from the bill

  template <class To> static constexpr auto fields(To&& to) {
    return to(field("kind", &Actor::kind), field("name", &Actor::name), field("roles", &Actor::roles));
  }
};

// The request id of a caller (HTTP: Idempotency-Key): the same id with the same body gets the recorded answer.
struct Request {
  Digest body;  // of the command's canonical text
  std::string id;

  template <class To>
  static constexpr auto fields(To&& to) { return to(field("body", &Request::body), field("id", &Request::id)); }
};

// A command with all that decided its answer and is not state.
struct Command {
  CommandBody body;
  Actor actor;
  std::optional<Request> request;
  std::optional<EventReference> because;  // the event that made us ask
  std::vector<std::string> blobs;         // bytes that must be stored before the record; named in `body` by digest
};

[[nodiscard]] std::string_view type_of(const CommandBody& body) noexcept;
[[nodiscard]] Area area_of(const CommandBody& body) noexcept;
[[nodiscard]] Lane lane_of(const CommandBody& body) noexcept;

// Appends the cause of a record: {"actor":…,"because":…,"command":{"type":…,…},"request":…}, canonical. Blobs stay outside.
void encode_cause(JsonWriter& out, const Command& command);
[[nodiscard]] Result<Command, DecodeFailure> decode_cause(CanonicalReader& in);

// The canonical text of the body alone: what a request id is bound to.
[[nodiscard]] std::string canonical_body(const CommandBody& body);

// True when the command can be written and read back as it is: its texts are UTF-8, its integers have at most 53 bits. One that
// cannot is refused before it is decided.
[[nodiscard]] bool is_storable(const Command& command) noexcept;

// An actor that is the controller itself, acting as `name`.
[[nodiscard]] Actor engine_actor(std::string_view name = "engine");

// True when the actor has this role, or admin, or is the controller itself.
[[nodiscard]] bool has_role(const Actor& actor, std::string_view role) noexcept;

}  // namespace watchbill
