#include "core/decide.h"

#include "core/facts.h"

namespace watchbill::core {
namespace {

Decision decide_engine(const State& state, const StartLineage& command, const Context&) {
  if (state.progress.sequence != 0 && command.restored_from.empty())
    return Refused{Refusal::bad_argument, "a lineage starts an empty or a restored journal"};
  return Events{LineageStarted{command.lineage, command.restored_from}};
}

Decision decide_engine(const State& state, const StartEpoch& command, const Context&) {
  return Events{EpochStarted{command.build, command.clock_ahead, state.progress.epoch + 1, command.state_format}};
}

Decision decide_engine(const State&, const NoteClockJump& command, const Context&) { return Events{ClockJumped{command.by, command.wall}}; }

Decision decide_engine(const State&, const NoteSnapshot& command, const Context&) {
  return Events{SnapshotWritten{command.digest, command.sequence}};
}

Decision decide_engine(const State&, const SealSegment& command, const Context&) {
  return Events{SegmentSealed{command.head, command.segment}};
}

Decision decide_engine(const State& state, const NoteReadOnly& command, const Context&) {
  if (state.progress.read_only) return Events{};
  return Events{JournalBecameReadOnly{command.reason, command.since}};
}

Decision decide_engine(const State& state, const NoteWritable&, const Context& context) {
  if (!state.progress.read_only) return Events{};
  return Events{JournalBecameWritable{context.at - state.progress.time}};
}

struct Decide {
  const State& state;
  const Context& context;

  Decision operator()(const MeetDeadline& command) const {
    if (context.actor.kind != ActorKind::engine) return Refused{Refusal::role_missing, "only the controller itself may do this"};
    if (command.owner == Area::access) return access::decide_deadline(state.access, command.subject, command.seen);
    WB_ASSERT(command.owner == Area::route, "only areas with deadlines set them");
    return route::decide_deadline(state.route, command.subject, context);
  }
  Decision operator()(const SetHold& command) const { return control::decide(state.control, control_facts(context.actor), command, context); }
  Decision operator()(const ReleaseHold& command) const {
    return control::decide(state.control, control_facts(context.actor), command, context);
  }
  Decision operator()(const RequestNotification& command) const {
    return route::decide(state.route, route_facts(context.actor), command, context);
  }
  Decision operator()(const ResendNotification& command) const {
    return route::decide(state.route, route_facts(context.actor), command, context);
  }
  Decision operator()(const NoteDelivery& command) const { return route::decide(state.route, route_facts(context.actor), command, context); }
  // Everything else is the engine's own, and only its own.
  template <class T>
  Decision operator()(const T& command) const {
    static_assert(T::area == Area::engine);
    if (context.actor.kind != ActorKind::engine) return Refused{Refusal::role_missing, "only the controller itself may do this"};
    return decide_engine(state, command, context);
  }
};

struct Apply {
  State& state;
  Instant at;
  const Limits& limits;

  void operator()(const LineageStarted& event) const { state.progress.lineage = event.lineage; }
  void operator()(const EpochStarted& event) const {
    state.progress.build = event.build;
    state.progress.epoch = event.epoch;
    state.progress.state_format = event.state_format;
  }
  void operator()(const CommandRefused& event) const { access::apply(state.access, state.schedule, event, at, limits); }
  void operator()(const ClockJumped&) const {}
  void operator()(const SegmentSealed& event) const { state.progress.segment = event.segment + 1; }
  void operator()(const SnapshotWritten&) const {}
  void operator()(const ObjectArchived& event) const {
    if (event.owner == Area::access) access::apply_archived(state.access, state.schedule, event.object);
    else route::apply_archived(state.route, state.schedule, event.object);
  }
  void operator()(const JournalBecameReadOnly&) const { state.progress.read_only = true; }
  void operator()(const JournalBecameWritable&) const { state.progress.read_only = false; }
  void operator()(const HoldSet& event) const { control::apply(state.control, event, at); }
  void operator()(const HoldReleased& event) const { control::apply(state.control, event); }
  template <class T>
  void operator()(const T& event) const {
    static_assert(T::area == Area::route);
    route::apply(state.route, state.schedule, event, at, limits);
  }
};

}  // namespace

Decision decide(const State& state, const CommandBody& command, const Context& context) {
  return std::visit(Decide{state, context}, command);
}

MeetDeadline deadline_command(Seen& seen, const Subject& subject, Instant at) {
  const std::uint64_t uncounted = subject.owner == Area::access ? access::take_uncounted(seen.access, subject.name) : 0;
  return MeetDeadline{at, subject.owner, uncounted, subject.name};
}

std::optional<Subject> outcome_subject(const CommandBody& command) {
  if (const auto* delivery = std::get_if<NoteDelivery>(&command)) return Subject{Area::route, delivery->delivery.text};
  return std::nullopt;
}

void apply(State& state, const Event& event, Instant at, const Limits& limits) { std::visit(Apply{state, at, limits}, event); }

void apply_end(State& state, const RecordEnd& end, const Limits& limits) {
  state.progress.sequence = end.header.sequence;
  state.progress.time = end.header.time;
  state.pending_reactions = end.pending;
  if (!end.request) return;
  access::KeptRequest kept;
  kept.at = end.header.time;
  kept.body = end.request->body;
  kept.caller = end.caller;
  kept.id = end.request->id;
  if (!end.events.empty()) {
    const Event& first = end.events.front().event;
    kept.subject = subject_of(first);
    if (const auto* refused = std::get_if<CommandRefused>(&first)) {
      kept.refusal = refused->reason;
      kept.message = refused->message;
    }
  }
  access::keep(state.access, end.header.sequence, std::move(kept), limits);
}

Effect effect_of(const State& state, const Subject& subject) {
  WB_ASSERT(subject.owner == Area::route, "only areas with effects enter the ready index");
  return route::effect_of(state.route, subject.name);
}

}  // namespace watchbill::core
