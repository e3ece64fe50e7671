#include "core/workload/by_hand.h"

#include "core/workload/steps.h"

namespace watchbill::core::workload {
namespace {

constexpr std::size_t reason_bytes_max = 4096;  // a paragraph; longer texts belong in an incident

std::optional<Refusal> refusal_by_policy(const Workload& workload, WorkloadVerb verb) noexcept {
  if (workload.state == WorkloadState::lost) return Refusal::lost_needs_decision;
  const bool is_exhausted =
      workload.state == WorkloadState::failed && workload.reason == WorkloadReason::restart_budget_exhausted;
  // A plan that restarts what has given up was approved for just that; a mere start was not.
  if (is_exhausted && verb == WorkloadVerb::start) return Refusal::restart_budget_exhausted;
  return std::nullopt;
}

std::optional<Refusal> refusal_of_start(const Workload& workload, const Asked& asked) noexcept {
  if (workload.is_withdrawn) return Refusal::unknown_workload;
  if (workload.configuration.is_disabled) return Refusal::disabled;
  if (workload.state == WorkloadState::blocked) return Refusal::dependency_failed;
  if (!is_at_rest(workload) || workload.owed == Owed::start) return Refusal::already_running;
  return asked.by_policy ? refusal_by_policy(workload, asked.verb) : std::nullopt;
}

std::optional<Refusal> refusal_of_stop(const Workload& workload) noexcept {
  const bool is_on_its_way = workload.owed == Owed::stop ||
                             (workload.state == WorkloadState::stopping && workload.ending == Ending::stay);
  if (is_at_rest(workload) || is_on_its_way) return Refusal::not_running;
  return std::nullopt;
}

std::optional<Refusal> refusal_of_restart(const Workload& workload, const Asked& asked) noexcept {
  if (is_at_rest(workload)) return refusal_of_start(workload, asked);
  if (must_rest(workload)) return Refusal::disabled;
  if (workload.state == WorkloadState::blocked) return Refusal::dependency_failed;
  const bool is_up = workload.state == WorkloadState::starting || workload.state == WorkloadState::running ||
                     workload.state == WorkloadState::backoff;
  return is_up && workload.owed != Owed::stop ? std::nullopt : std::optional(Refusal::not_running);
}

std::string message_of(const State& state, const std::string& name) {
  const Workload* workload = state.workloads.find(name);
  if (workload == nullptr) return "there is no workload " + name;
  std::string message = "workload " + name + " is " + std::string(word(workload->state));
  if (workload->reason != WorkloadReason::none) message += " (" + std::string(word(workload->reason)) + ")";
  return message;
}

struct Question {
  const std::string& workload;
  const std::string& reason;
  WorkloadVerb verb;
};

Decision decide_by_hand(const State& state, const Facts& facts, const Question& question, const Context& context) {
  if (!facts.actor_may_operate) return Refused{Refusal::role_missing, "this needs the role operator"};
  if (question.reason.size() > reason_bytes_max)
    return Refused{Refusal::bad_argument, "reason: expected at most " + std::to_string(reason_bytes_max) + " bytes"};
  const std::vector<std::string> names =
      question.workload == "*" ? std::vector<std::string>() : named_by(state, question.workload);
  if (names.empty()) return Refused{Refusal::unknown_workload, "there is no workload " + question.workload};
  const Asked asked{question.verb, !facts.actor_is_person};
  std::optional<Refused> first;
  for (const std::string& name : names) {
    const auto refusal = refusal_of(state, *state.workloads.find(name), asked);
    if (!refusal)
      return Events{WorkloadCommanded{context.actor.name, asked.by_policy, question.reason, question.verb, question.workload}};
    if (!first) first = Refused{*refusal, message_of(state, name)};
  }
  return *first;
}

void start_wanted(State& state, const Workload& workload, const Applying& applying);

void ask(State& state, const std::string& name, WorkloadVerb verb, const Applying& applying) {
  Workload& workload = state.workloads.edit(name);
  const bool starts = verb == WorkloadVerb::start || is_at_rest(workload);
  workload.is_left_stopped = verb == WorkloadVerb::stop;
  workload.owed = verb == WorkloadVerb::stop ? Owed::stop : starts ? Owed::start : Owed::restart;
  workload.owed_reason = WorkloadReason::by_operator;
  if (workload.owed == Owed::start) workload.resets_budget = true;
  reindex(state, name, applying.schedule);
  if (verb != WorkloadVerb::stop) start_wanted(state, workload, applying);
}

// `wants` starts the others along, one level deep; what becomes of them is not this workload's concern.
void start_wanted(State& state, const Workload& workload, const Applying& applying) {
  for (const std::string& wanted : workload.configuration.wants) {
    for (const std::string& name : instances_of(state, wanted)) {
      Workload& other = state.workloads.edit(name);
      // Whoever started the first did not decide about a lost one.
      if (other.state == WorkloadState::lost || refusal_of(state, other, Asked{WorkloadVerb::start, false})) continue;
      other.is_left_stopped = false;
      other.owed = Owed::start;
      other.owed_reason = WorkloadReason::dependency;
      other.resets_budget = true;
      reindex(state, name, applying.schedule);
    }
  }
}

}  // namespace

std::optional<Refusal> refusal_of(const State& state, const Workload& workload, const Asked& asked) noexcept {
  if (asked.verb == WorkloadVerb::stop) return refusal_of_stop(workload);
  if (supervisor_of(state).closing_until) return Refusal::supervisor_closing;
  return asked.verb == WorkloadVerb::start ? refusal_of_start(workload, asked) : refusal_of_restart(workload, asked);
}

Decision decide(const State& state, const Facts& facts, const StartWorkload& command, const Context& context) {
  return decide_by_hand(state, facts, Question{command.workload, command.reason, WorkloadVerb::start}, context);
}

Decision decide(const State& state, const Facts& facts, const StopWorkload& command, const Context& context) {
  return decide_by_hand(state, facts, Question{command.workload, command.reason, WorkloadVerb::stop}, context);
}

Decision decide(const State& state, const Facts& facts, const RestartWorkload& command, const Context& context) {
  return decide_by_hand(state, facts, Question{command.workload, command.reason, WorkloadVerb::restart}, context);
}

Decision decide(const State& state, const Facts& facts, const CloseWorkloads& command, const Context& context) {
  if (!facts.actor_may_operate) return Refused{Refusal::role_missing, "this needs the role operator"};
  if (supervisor_of(state).closing_until) return Events{};
  return Events{WorkloadCommanded{context.actor.name, !facts.actor_is_person, command.reason, WorkloadVerb::close, "*"}};
}

void apply(State& state, const WorkloadCommanded& event, const Applying& applying) {
  if (event.verb == WorkloadVerb::close) {
    Supervisor& supervisor = state.supervisor.edit_or_insert(std::string(local_host));
    supervisor.closing_until = applying.at + supervisor.configuration.shutdown_deadline;
    return reindex_all(state, applying.schedule);
  }
  for (const std::string& name : named_by(state, event.workload))
    if (!refusal_of(state, *state.workloads.find(name), Asked{event.verb, event.by_policy}))
      ask(state, name, event.verb, applying);
}

}  // namespace watchbill::core::workload
