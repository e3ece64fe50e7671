#include "workload/supervised.h"

#include "model/codec.h"
#include "model/configuration.h"

namespace watchbill::core::workload::testing {

Supervised::Supervised(const WorkloadsConfiguration& configuration) {
  StartEpoch epoch;
  epoch.state_format = core::state_format;
  static_cast<void>(process(Command{epoch, engine_actor(), std::nullopt, std::nullopt, {}}));
  snapshot({});
  configure(configuration);
  events_.clear();
}

std::optional<Refusal> Supervised::person(const CommandBody& command) {
  return process(Command{command, Actor{ActorKind::caller, "ana", {"operator"}}, std::nullopt, std::nullopt, {}});
}

std::optional<Refusal> Supervised::policy(const CommandBody& command) {
  return process(Command{command, engine_actor("agent"), std::nullopt, std::nullopt, {}});
}

void Supervised::configure(const WorkloadsConfiguration& supervision) {
  Configuration configuration;
  configuration.supervision = supervision;
  for (const auto& [name, workload] : supervision.workloads) configuration.runbooks.workload_groups[name] = workload.group;
  const std::string text = canonical_text(configuration);
  EXPECT_FALSE(process(Command{AcceptConfig{sha256(text)}, engine_actor(), std::nullopt, std::nullopt, {text}}));
}

void Supervised::wait(Duration time) {
  now_ = now_ + time;
  meet_deadlines();
}

std::optional<Refusal> Supervised::process(const Command& command) {
  const auto take = [&](const Command& next) {
    Processed processed = core::process(state_, seen_, next, {now_, limits_, core::reactions(), {}});
    EXPECT_TRUE(processed.pending.empty());
    if (processed.events.empty()) return processed.answer;
    RecordHeader header;
    header.sequence = state_.progress.sequence + 1;
    header.time = now_;
    apply_end(state_, RecordEnd{header, next.actor.name, next.request, processed.events, processed.pending}, limits_);
    for (RecordedEvent& recorded : processed.events) events_.push_back(std::move(recorded.event));
    return processed.answer;
  };
  const Answer answer = take(command);
  meet_deadlines();
  // The indexes always hold what a full scan finds.
  core::State scanned = state_;
  rebuild_derived(scanned, limits_);
  EXPECT_TRUE(scanned.schedule == state_.schedule) << "after " << type_of(command.body);
  return answer.refused ? std::optional(answer.refused->reason) : std::nullopt;
}

void Supervised::meet_deadlines() {
  for (int turns = 0; turns < 1000; ++turns) {
    std::optional<Subject> due;
    Instant at;
    state_.schedule.deadlines.each_due(now_, [&](Instant when, const Subject& subject) {
      if (subject.owner != Area::workload) return true;
      due = subject;
      at = when;
      return false;
    });
    if (!due) return;
    const Command command{deadline_command(seen_, *due, at), engine_actor(), std::nullopt, std::nullopt, {}};
    Processed processed = core::process(state_, seen_, command, {now_, limits_, core::reactions(), {}});
    ASSERT_FALSE(processed.events.empty()) << "a deadline of " << due->name << " that is met gives no event";
    RecordHeader header;
    header.sequence = state_.progress.sequence + 1;
    header.time = now_;
    apply_end(state_, RecordEnd{header, command.actor.name, command.request, processed.events, processed.pending}, limits_);
    for (RecordedEvent& recorded : processed.events) events_.push_back(std::move(recorded.event));
  }
  FAIL() << "steps follow each other without end";
}

std::optional<CarryOutOrder> Supervised::take_order(const std::string& name, const std::string& refusal, std::uint64_t knows) {
  const Workload* workload = state_.workload.workloads.find(name);
  if (workload == nullptr || !workload->order.is_owed()) return std::nullopt;
  const Effect effect = effect_of(state_, Subject{Area::workload, name});
  const auto order = std::get<CarryOutOrder>(effect.what);
  EXPECT_FALSE(policy(NoteOrder{knows, order.number, refusal, name}));
  return order;
}

void Supervised::started(const std::string& name, std::uint64_t incarnation, bool by_standing_order) {
  NoteStarted note;
  note.told.at = now_;
  note.told.by_standing_order = by_standing_order;
  note.told.incarnation = incarnation;
  note.told.pid = 100 + static_cast<std::int64_t>(incarnation);
  note.told.report = next_report();
  note.told.start_ticks = incarnation;
  note.told.terms = (*this)[name].wanted_terms.hex();
  note.told.workload = name;
  EXPECT_FALSE(policy(note));
}

void Supervised::exited(const std::string& name, std::uint64_t incarnation, WorkloadReason reason, int code) {
  NoteExited note;
  note.told.at = now_;
  note.told.incarnation = incarnation;
  note.told.reason = reason;
  note.told.report = next_report();
  note.told.value = code;
  note.told.workload = name;
  EXPECT_FALSE(policy(note));
}

void Supervised::restarted(const std::string& name, std::uint64_t incarnation) {
  NoteRestarted note;
  note.told.at = now_;
  note.told.delay = Duration::seconds(1);
  note.told.incarnation = incarnation;
  note.told.report = next_report();
  note.told.restart_number = note.told.used_in_window = 1;
  note.told.workload = name;
  EXPECT_FALSE(policy(note));
}

void Supervised::settled(const std::string& name, std::uint64_t incarnation, WorkloadState state, WorkloadReason reason) {
  NoteSettled note;
  note.at = now_;
  note.incarnation = incarnation;
  note.reason = reason;
  note.report = next_report();
  note.state = state;
  note.workload = name;
  EXPECT_FALSE(policy(note));
}

void Supervised::probe(const std::string& name, ProbeRole role, ProbeHealth health) {
  EXPECT_FALSE(policy(ProbeChanged{"", health, (*this)[name].incarnation, role, name}));
}

void Supervised::bring_up(const std::string& name) {
  const auto order = take_order(name);
  ASSERT_TRUE(order) << name << " is owed no order";
  ASSERT_EQ(order->directive, OrderDirective::start);
  started(name, order->incarnation);
}

void Supervised::snapshot(const std::vector<std::string>& kept) {
  NoteKeeper note;
  note.boot_id = boot;
  note.memory = memory;
  note.pid = 7;
  for (const std::string& name : kept) {
    const Workload& workload = (*this)[name];
    note.kept.push_back(KeptWorkload{false, workload.incarnation, true, name, workload.pid, workload.start_ticks});
  }
  EXPECT_FALSE(policy(note));
}

const Workload& Supervised::operator[](const std::string& name) const {
  const Workload* workload = state_.workload.workloads.find(name);
  EXPECT_NE(workload, nullptr) << "there is no workload " << name;
  static const Workload none;
  return workload == nullptr ? none : *workload;
}

std::string Supervised::told() {
  std::string out;
  for (const Event& event : events_) out += (out.empty() ? "" : "\n") + line_of(event);
  events_.clear();
  return out;
}

std::string line_of(const Event& event) {
  std::string line(type_of(event));
  if (const std::string subject = subject_of(event); !subject.empty()) line += " " + subject;
  if (const auto* changed = std::get_if<WorkloadStateChanged>(&event)) {
    line += " " + std::string(word(changed->from)) + " -> " + std::string(word(changed->to));
    if (changed->reason != WorkloadReason::none) line += " (" + std::string(word(changed->reason)) + ")";
  }
  if (const auto* order = std::get_if<StandingOrderGiven>(&event))
    line += " " + std::string(word(order->directive)) + " " + std::to_string(order->incarnation);
  return line;
}

WorkloadConfiguration program(const std::string& command) {
  WorkloadConfiguration workload;
  workload.command = {command};
  workload.directory = "/";
  return workload;
}

}  // namespace watchbill::core::workload::testing
