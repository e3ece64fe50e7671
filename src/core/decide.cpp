#include "core/decide.h"

#include "core/facts.h"
#include "core/react_workloads.h"
#include "core/plan/plan.h"
#include "core/route/group.h"
#include "core/workload/apply.h"
#include "core/workload/by_hand.h"
#include "core/workload/orders.h"
#include "core/workload/reports.h"
#include "core/workload/steps.h"
#include "model/codec.h"
#include "model/configuration.h"

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

Decision decide_engine(const State&, const NoteClockJump& command, const Context&) {
  return Events{ClockJumped{command.by, command.wall}};
}

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

Decision decide_engine(const State& state, const AcceptConfig& command, const Context& context) {
  if (command.configuration.is_zero())
    return Refused{Refusal::bad_argument, "configuration: expected the digest of a stored one"};
  // The one that holds, read again after a refused one: that one is out of the way.
  if (command.configuration == state.progress.configuration && !state.progress.rejected) return Events{};
  return Events{ConfigAccepted{context.actor.name, command.configuration}};
}

Decision decide_engine(const State& state, const RejectConfig& command, const Context& context) {
  if (command.errors == 0 || command.findings.empty() || command.findings.size() > context.limits.rejected_findings_max)
    return Refused{Refusal::bad_argument, "findings: expected the first errors of a refused bill"};
  // Whoever asks again and again about the same files fills no journal.
  const std::optional<RejectedBill>& known = state.progress.rejected;
  if (known && known->files == command.files && known->errors == command.errors && known->first == command.findings.front())
    return Events{};
  return Events{ConfigRejected{context.actor.name, command.errors, command.files, command.findings}};
}

Decision decide_engine(const State& state, const NoteWritable&, const Context& context) {
  if (!state.progress.read_only) return Events{};
  return Events{JournalBecameWritable{context.at - state.progress.time}};
}

constexpr Epoch restored_epoch_raise = 1'000'000;

// Hands a command to its area with the facts that it may know. An area is two lines here and two in Apply.
struct Decide {
  const State& state;
  const Context& context;

  template <class T>
  Decision operator()(const T& command) const {
    return in_area<T::area>(command);
  }
  // A deadline belongs to the area that set it.
  Decision operator()(const MeetDeadline& deadline) const {
    if (context.actor.kind != ActorKind::engine) return not_the_controller();
    if (deadline.owner == Area::access) return access::decide(state.access, deadline, context);
    if (deadline.owner == Area::alert) return in_area<Area::alert>(deadline);
    if (deadline.owner == Area::plan) return in_area<Area::plan>(deadline);
    if (deadline.owner == Area::route) return in_area<Area::route>(deadline);
    if (deadline.owner == Area::workload) return in_area<Area::workload>(deadline);
    WB_ASSERT(false, "only areas with deadlines set them");
    return Events{};
  }

 private:
  template <Area area, class T>
  Decision in_area(const T& command) const {
    if constexpr (area == Area::control)
      return control::decide(state.control, control_facts(state, context.actor, command), command, context);
    else if constexpr (area == Area::alert || area == Area::rule)
      return alert::decide(state.alert, alert_facts(context.actor), command, context);
    else if constexpr (area == Area::route || area == Area::mute)
      return route::decide(state.route, route_facts(context.actor), command, context);
    else if constexpr (area == Area::plan || area == Area::approval)
      return plan::decide(state.plan, plan_facts(state, context.actor), command, context);
    else if constexpr (area == Area::binding)
      return binding::decide(state.binding, binding_facts(state, command, context), command, context);
    else if constexpr (area == Area::workload)
      return workload::decide(state.workload, workload_facts(context.actor), command, context);
    else if constexpr (area == Area::engine)
      return may_decide_engine(T::type, context.actor) ? decide_engine(state, command, context) : not_the_controller();
  }
  // People only ever change what the controller is to do: its bill.
  static bool may_decide_engine(std::string_view type, const Actor& actor) {
    const bool concerns_bill = type == AcceptConfig::type || type == RejectConfig::type;
    return actor.kind == ActorKind::engine || (concerns_bill && has_role(actor, "admin"));
  }
  static Decision not_the_controller() { return Refused{Refusal::role_missing, "only the controller itself may do this"}; }
};

struct Apply {
  State& state;
  const Applying& applying;

  template <class T>
  void operator()(const T& event) const {
    if constexpr (T::area == Area::control) apply_control(event);
    else if constexpr (T::area == Area::alert || T::area == Area::rule) apply_alert(event);
    else if constexpr (T::area == Area::route || T::area == Area::mute) route::apply(state.route, event, applying);
    else if constexpr (T::area == Area::workload) workload::apply(state.workload, event, applying);
    else if constexpr (T::area == Area::lease) lease::apply(state.lease, event, applying);
    else if constexpr (T::area == Area::binding) binding::apply(state.binding, event, applying);
    else if constexpr (T::area == Area::engine && !plan::concerns_runs<T>) apply_engine(event);
    apply_to_runs(event);
  }

 private:
  // A hold with restarts is also what keepers are told.
  void apply_control(const HoldSet& event) const {
    control::apply(state.control, event, applying);
    if (event.restarts) workload::take_hold(state.workload, event.scope, true, applying);
  }
  void apply_control(const HoldReleased& event) const {
    control::apply(state.control, event, applying);
    workload::take_hold(state.workload, event.scope, false, applying);
  }
  // Effects, approvals, leases and joined alerts change runs; runs change what limits of bindings count.
  template <class T>
  void apply_to_runs(const T& event) const {
    if constexpr (plan::concerns_runs<T>) plan::apply(state.plan, event, applying);
    if constexpr (std::is_same_v<T, PlanProposed>) binding::apply_proposed(state.binding, event, targets_of(event), applying);
    if constexpr (std::is_same_v<T, PlanStarted>) binding::apply_started(state.binding, event.run);
    if constexpr (plan::ends_run<T>) binding::apply_ended(state.binding, event.run, applying);
  }
  [[nodiscard]] std::vector<std::string> targets_of(const PlanProposed& event) const {
    const plan::KeptPlan* kept = state.plan.plans.find(event.plan);
    return kept == nullptr ? std::vector<std::string>() : kept->plan.targets;
  }

  // Who fires and ends, is told of.
  template <class T>
  void apply_alert(const T& event) const {
    alert::apply(state.alert, event, applying);
    if constexpr (T::type == AlertFired::type || T::type == AlertResolved::type) route::take(state.route, event, applying);
    if constexpr (T::type == AlertResolved::type)
      if (is_good_news(event.cause)) plan::apply_alert_over(state.plan, event.alert.text);
  }
  // After a restore whoever has seen the lost future refuses what contradicts it: the new life begins far above it.
  void apply_engine(const LineageStarted& event) const {
    if (!event.restored_from.empty()) {
      state.progress.epoch += restored_epoch_raise;
      lease::raise_fences(state.lease, restored_epoch_raise);
    }
    state.progress.lineage = event.lineage;
  }
  void apply_engine(const EpochStarted& event) const {
    state.progress.build = event.build;
    state.progress.epoch = event.epoch;
    state.progress.state_format = event.state_format;
    workload::take_epoch(state.workload, event.epoch, applying);
  }
  void apply_engine(const CommandRefused& event) const { access::apply(state.access, event, applying); }
  void apply_engine(const ObjectArchived& event) const {
    if (event.owner == Area::access) access::apply_archived(state.access, event.object, applying);
    else if (event.owner == Area::alert) apply_archived_alert(event.object);
    else if (event.owner == Area::plan) plan::apply_archived(state.plan, event.object, applying);
    else if (event.owner == Area::route) route::apply_archived(state.route, event.object, applying);
    else if (event.owner == Area::workload) workload::apply_archived(state.workload, event.object, applying);
  }
  void apply_archived_alert(const std::string& id) const {
    alert::apply_archived(state.alert, id, applying);
    plan::apply_alert_over(state.plan, id);
  }
  void apply_engine(const SegmentSealed& event) const { state.progress.segment = event.segment + 1; }
  void apply_engine(const JournalBecameReadOnly&) const { state.progress.read_only = true; }
  void apply_engine(const JournalBecameWritable&) const { state.progress.read_only = false; }
  void apply_engine(const ConfigAccepted& event) const {
    const std::optional<std::string> bytes = applying.blobs(event.configuration);
    Configuration configuration;
    WB_ASSERT(bytes && from_canonical_text(*bytes, configuration), "a configuration is checked before it is offered");
    state.progress.configuration = event.configuration;
    state.progress.rejected.reset();
    route::take_configuration(state.route, configuration, applying);
    workload::take_configuration(state.workload, configuration.supervision, applying);
    binding::apply_configuration(state.binding, configuration.runbooks);
    plan::apply_configuration(state.plan, std::move(configuration.runbooks));
  }
  void apply_engine(const ConfigRejected& event) const {
    state.progress.rejected = RejectedBill{applying.at, event.by, event.errors, event.files, event.findings.front()};
  }
  void apply_engine(const ClockJumped&) const {}
  void apply_engine(const SnapshotWritten&) const {}
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
  if (const auto* order = std::get_if<NoteOrder>(&command)) return workload::subject_for(order->workload);
  return std::nullopt;
}

void apply(State& state, const Event& event, const RecordPlace& place) {
  const Applying applying{place.at, place.sequence, state.schedule, place.blobs, place.limits};
  std::visit(Apply{state, applying}, event);
}

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

std::optional<std::string> acting_host(const State& state, const Subject& subject) {
  return subject.owner == Area::plan ? plan::acting_host(state.plan, subject.name) : std::nullopt;
}

Effect effect_of(const State& state, const Subject& subject) {
  if (subject.owner == Area::plan) {
    Effect effect = plan::effect_of(state.plan, subject.name);
    add_known(state, effect);
    return effect;
  }
  if (subject.owner == Area::workload) return workload::effect_of(state.workload, subject.name, state.progress.time);
  WB_ASSERT(subject.owner == Area::route, "only areas with effects enter the ready index");
  return route::effect_of(state.route, subject.name);
}

}  // namespace watchbill::core
