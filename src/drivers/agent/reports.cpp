#include "drivers/agent/reports.h"

#include <cstring>

namespace watchbill::drivers::agent {

namespace wire = model::wire;

static_assert(static_cast<int>(wire::SettledReason::pid_reused) == static_cast<int>(WorkloadReason::pid_reused));
static_assert(static_cast<int>(wire::EndReason::deadline) == static_cast<int>(WorkloadReason::deadline));
static_assert(static_cast<int>(wire::ExitHow::unseen) == static_cast<int>(ExitHow::unseen));

namespace {

template <class Message>
std::optional<Message> read(const wire::Frame& frame) {
  Message message;
  if (frame.type != Message::type || !wire::read_message(frame.body, message)) return std::nullopt;
  return message;
}

WorkloadReason reason_of(wire::EndReason reason) { return static_cast<WorkloadReason>(reason); }

std::string text_of(wire::ExitHow how, std::int32_t value, bool timed_out) {
  if (timed_out) return "it was ended at its time limit";
  switch (how) {
    case wire::ExitHow::code: return "exit code " + std::to_string(value);
    case wire::ExitHow::signal: return "signal " + std::to_string(value);
    case wire::ExitHow::not_executed: return std::string("it could not be executed: ") + std::strerror(value);
    case wire::ExitHow::unseen: return "its end was not seen";
  }
  return {};
}

// One wire report at a time becomes its command; `number` is in each.
ToldReport told(const wire::Started& started, const ReportNumber& number) {
  NoteStarted note;
  note.told.at = started.head.at;
  note.told.by_standing_order = started.cause == wire::StartCause::standing_order;
  note.told.incarnation = started.head.incarnation;
  note.told.pid = started.pid;
  note.told.report = number;
  note.told.start_ticks = started.start_ticks;
  note.told.terms = started.order_id;
  note.told.workload = started.head.name;
  return {note, {}};
}

ToldReport told(const wire::Exited& exited, const ReportNumber& number) {
  NoteExited note;
  note.told.at = exited.head.at;
  note.told.boot_id = exited.boot_id;
  note.told.how = static_cast<ExitHow>(exited.how);
  note.told.incarnation = exited.head.incarnation;
  note.told.orphans = exited.orphans;
  note.told.pid = exited.pid;
  note.told.reason = reason_of(exited.reason);
  note.told.report = number;
  note.told.start_ticks = exited.start_ticks;
  note.told.value = exited.value;
  note.told.workload = exited.head.name;
  return {note, {}};
}

ToldReport told(const wire::RestartDecided& decided, const ReportNumber& number) {
  NoteRestarted note;
  note.told.at = decided.head.at;
  note.told.delay = decided.delay;
  note.told.incarnation = decided.head.incarnation;
  note.told.reason = reason_of(decided.reason);
  note.told.report = number;
  note.told.restart_number = decided.restart_number;
  note.told.used_in_window = decided.used_in_window;
  note.told.workload = decided.head.name;
  return {note, {}};
}

NoteSettled settled(const wire::ReportHead& head, const ReportNumber& number) {
  NoteSettled note;
  note.at = head.at;
  note.incarnation = head.incarnation;
  note.report = number;
  note.workload = head.name;
  return note;
}

std::optional<ToldReport> told(const wire::Settled& message, const ReportNumber& number) {
  NoteSettled note = settled(message.head, number);
  note.reason = static_cast<WorkloadReason>(message.reason);
  switch (message.state) {
    case wire::State::stopped: note.state = WorkloadState::stopped; break;
    case wire::State::completed: note.state = WorkloadState::completed; break;
    case wire::State::failed: note.state = WorkloadState::failed; break;
    case wire::State::lost: note.state = WorkloadState::lost; break;
    case wire::State::idle: case wire::State::running: case wire::State::stopping: case wire::State::backoff:
      return std::nullopt;  // not at rest
  }
  return ToldReport{note, {}};
}

std::optional<ToldReport> told(const wire::StopAdvanced& advanced, const ReportNumber& number) {
  if (advanced.phase != wire::StopPhase::unkillable) return std::nullopt;
  NoteSettled note = settled(advanced.head, number);
  note.detail = "these cannot be killed:";
  for (const std::int32_t pid : advanced.pids.all()) note.detail += " " + std::to_string(pid);
  note.reason = WorkloadReason::unkillable;
  note.state = WorkloadState::stopping;
  return ToldReport{note, {}};
}

ToldReport told(const wire::Hung& hung, const ReportNumber& number) {
  NoteHung note;
  note.told.incarnation = hung.head.incarnation;
  note.told.limit = hung.limit;
  note.told.report = number;
  note.told.silence = hung.silence;
  note.told.stays = hung.action == wire::HangAction::alert;
  note.told.workload = hung.head.name;
  return {note, {}};
}

ToldReport told(const wire::Adopted& adopted, const ReportNumber& number) {
  NoteAdopted note;
  note.told.exit_is_unseen = true;
  note.told.incarnation = adopted.head.incarnation;
  note.told.pid = adopted.pid;
  note.told.report = number;
  note.told.start_ticks = adopted.start_ticks;
  note.told.workload = adopted.head.name;
  return {note, {}};
}

void begin_notice(WorkloadNotice& notice, const wire::ReportHead& head, const ReportNumber& number) {
  notice.at = head.at;
  notice.incarnation = head.incarnation;
  notice.report = number;
  notice.workload = head.name;
}

// The facts as text for people.
std::string diagnosis_text(const wire::Diagnosed& diagnosed) {
  std::string text = "workload: " + std::string(diagnosed.head.name) + "\nincarnation: " +
                     std::to_string(diagnosed.head.incarnation) + "\nasked to stop because of: " +
                     std::string(word(reason_of(diagnosed.reason))) + "\nage: " + format_duration(diagnosed.age) + "\n";
  if (diagnosed.last_beat_age) text += "last beat: " + format_duration(*diagnosed.last_beat_age) + " before\n";
  text += "pre_stop took: " + format_duration(diagnosed.pre_stop_took) +
          "\nwaited for the group: " + format_duration(diagnosed.terminating_took) + "\n";
  if (!diagnosed.is_complete) text += "not everything could be read in time\n";
  text += "\nmembers (pid, state, waits in, threads, descriptors, command):\n" + std::string(diagnosed.members);
  return text + "\nlast output:\n" + std::string(diagnosed.last_output);
}

ToldReport told(const wire::Diagnosed& diagnosed, const ReportNumber& number) {
  NoteDiagnosed note;
  begin_notice(note.told, diagnosed.head, number);
  const std::string text = diagnosis_text(diagnosed);
  note.told.blob = sha256(text);
  note.told.detail = "its group did not end within the grace";
  return {note, {text}};
}

ToldReport told(const wire::OutputGap& gap, const ReportNumber& number) {
  NoteOutputGap note;
  begin_notice(note.told, gap.head, number);
  note.told.detail = gap.error == 0 ? "faster than the log's rate" : std::strerror(gap.error);
  note.told.value = gap.bytes;
  return {note, {}};
}

ToldReport told(const wire::HookFailed& failed, const ReportNumber& number) {
  NoteHookFailed note;
  begin_notice(note.told, failed.head, number);
  note.told.detail = std::string(failed.hook == wire::Hook::pre_stop ? "pre_stop" : "post_stop") + ": " +
                     text_of(failed.how, failed.value, failed.timed_out);
  return {note, {}};
}

ToldReport told(const wire::TaskNoted& task, const ReportNumber& number) {
  NoteTask note;
  begin_notice(note.told, task.head, number);
  note.told.detail = task.note;
  note.told.value = task.dropped;
  return {note, {}};
}

ToldReport told(const wire::OutcomesDropped& dropped, const ReportNumber& number) {
  NoteReportsDropped note;
  note.told.report = number;
  note.told.value = dropped.count;
  return {note, {}};
}

ToldReport nothing_new(const std::string& detail, const ReportNumber& number) {
  NoteReportsDropped note;
  note.told.detail = detail;
  note.told.report = number;
  return {note, {}};
}

template <class Message>
std::optional<ToldReport> told_as(const wire::Frame& frame, const ReportNumber& number) {
  const auto message = read<Message>(frame);
  if (!message) return std::nullopt;
  return told(*message, number);
}

std::optional<ToldReport> told_of_workload(const wire::Frame& frame, const ReportNumber& number) {
  switch (frame.type) {
    case wire::MessageType::started: return told_as<wire::Started>(frame, number);
    case wire::MessageType::exited: return told_as<wire::Exited>(frame, number);
    case wire::MessageType::restart_decided: return told_as<wire::RestartDecided>(frame, number);
    case wire::MessageType::settled: return told_as<wire::Settled>(frame, number);
    case wire::MessageType::hung: return told_as<wire::Hung>(frame, number);
    case wire::MessageType::stop_advanced: return told_as<wire::StopAdvanced>(frame, number);
    case wire::MessageType::diagnosed: return told_as<wire::Diagnosed>(frame, number);
    case wire::MessageType::output_gap: return told_as<wire::OutputGap>(frame, number);
    case wire::MessageType::hook_failed: return told_as<wire::HookFailed>(frame, number);
    case wire::MessageType::task_noted: return told_as<wire::TaskNoted>(frame, number);
    case wire::MessageType::adopted: return told_as<wire::Adopted>(frame, number);
    case wire::MessageType::outcomes_dropped: return told_as<wire::OutcomesDropped>(frame, number);
    case wire::MessageType::replaced: return nothing_new("the keeper was replaced in place", number);
    case wire::MessageType::none: case wire::MessageType::hello: case wire::MessageType::give_order:
    case wire::MessageType::forget_order: case wire::MessageType::start: case wire::MessageType::stop:
    case wire::MessageType::signal: case wire::MessageType::tell_stable: case wire::MessageType::exec:
    case wire::MessageType::probe: case wire::MessageType::query_effect: case wire::MessageType::acknowledge:
    case wire::MessageType::ask_snapshot: case wire::MessageType::replace: case wire::MessageType::welcome:
    case wire::MessageType::accepted: case wire::MessageType::refused: case wire::MessageType::effect_known:
    case wire::MessageType::probe_done: case wire::MessageType::workload_state: case wire::MessageType::snapshot_end:
    case wire::MessageType::became_ready: case wire::MessageType::beat: case wire::MessageType::effect_done:
    case wire::MessageType::unlogged: case wire::MessageType::end_effect: case wire::MessageType::guard_hello:
    case wire::MessageType::guard_controller: case wire::MessageType::signal_controller: case wire::MessageType::end_controller:
    case wire::MessageType::controller_state: case wire::MessageType::controller_output: break;
  }
  return std::nullopt;
}

}  // namespace

std::optional<ToldReport> told_by(const wire::Frame& frame, const std::string& memory) {
  if (frame.type == wire::MessageType::effect_done) return std::nullopt;
  const ReportNumber number{0, memory, frame.number};
  if (auto told = told_of_workload(frame, number)) return told;
  return nothing_new("a report that this build cannot read", number);
}

void set_after(CommandBody& command, std::uint64_t after) {
  std::visit(
      [after]<class T>(T& body) {
        if constexpr (requires { body.told.report; }) body.told.report->after = after;
        else if constexpr (std::is_same_v<T, NoteSettled>) body.report->after = after;
      },
      command);
}

KeptWorkload kept_by(const wire::WorkloadState& state) {
  KeptWorkload kept;
  kept.exit_is_unseen = state.is_adopted;
  kept.incarnation = state.incarnation;
  kept.is_active =
      state.state == wire::State::running || state.state == wire::State::stopping || state.state == wire::State::backoff;
  kept.name = state.name;
  // Between two incarnations there is no process.
  if (kept.is_active && state.state != wire::State::backoff) {
    kept.pid = state.pid;
    kept.start_ticks = state.start_ticks;
  }
  return kept;
}

}  // namespace watchbill::drivers::agent
