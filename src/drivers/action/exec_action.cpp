#include "drivers/action/exec_action.h"

#include <cstring>

namespace watchbill::drivers::action {
namespace {

constexpr std::int32_t exit_try_later = 75;  // sysexits: EX_TEMPFAIL

std::string text_of_stream(const ports::OneShotStream& stream) {
  if (stream.bytes_omitted == 0) return stream.head + stream.tail;
  return stream.head + "\n[" + std::to_string(stream.bytes_omitted) + " bytes left out]\n" + stream.tail;
}

std::string reason_of(const ports::OneShotOutcome& end) {
  switch (end.end) {
    case ports::OneShotEnd::exited: return "exit " + std::to_string(end.value);
    case ports::OneShotEnd::signalled: return "signal " + std::to_string(end.value);
    case ports::OneShotEnd::timed_out: return "timeout";
    case ports::OneShotEnd::not_executed: return "not_executable";
    case ports::OneShotEnd::refused: return end.refusal;
    case ports::OneShotEnd::unkillable: return "unkillable: " + end.detail;
    case ports::OneShotEnd::unknown: return "no_exit_record";
  }
  return {};
}

bool may_be_tried_again(const ports::OneShotOutcome& end) {
  const bool is_exit = end.end == ports::OneShotEnd::exited && end.value == exit_try_later;
  return is_exit || (end.end == ports::OneShotEnd::refused &&
                     (end.refusal == "too_many_processes" || end.refusal == "keeper_unreachable"));
}

bool is_good(const ports::OneShotOutcome& end) { return end.end == ports::OneShotEnd::exited && end.value == 0; }

}  // namespace

std::optional<ports::OneShot> one_shot_of(const PlanAction& action, const ExecPlace& place, Duration timeout) {
  ports::OneShot shot;
  shot.effect_id = place.effect_id.text;
  shot.attempt = place.attempt;
  if (const std::string_view shell = text_of(action.args, "shell"); !shell.empty()) {
    shot.argv = {"/bin/sh", "-c", std::string(shell)};
  } else if (const auto argv = action.args.find("argv"); argv != action.args.end() && argv->second.as_list() != nullptr) {
    for (const PlanValue& word : *argv->second.as_list()) {
      if (word.as_text() == nullptr) return std::nullopt;
      shot.argv.push_back(*word.as_text());
    }
  }
  if (shot.argv.empty() || shot.argv.front().empty()) return std::nullopt;
  shot.environment = {{"WATCHBILL_RUN", place.place.run},
                      {"WATCHBILL_STEP", place.place.step},
                      {"WATCHBILL_DIRECTION", std::string(word(place.direction))},
                      {"WATCHBILL_EFFECT_ID", place.effect_id.text},
                      {"WATCHBILL_ATTEMPT", std::to_string(place.attempt)},
                      {"WATCHBILL_FENCE", std::to_string(place.fence)},
                      {"WATCHBILL_TARGET", action.target},
                      {"WATCHBILL_CAPABILITY", std::string(word(action.capability))},
                      {"WATCHBILL_PLAN_DIGEST", "sha256:" + place.place.plan.hex()}};
  if (const auto environment = action.args.find("env");
      environment != action.args.end() && environment->second.as_map() != nullptr)
    for (const auto& [name, value] : *environment->second.as_map())
      if (value.as_text() != nullptr) shot.environment[name] = *value.as_text();
  const std::string_view folder = text_of(action.args, "dir");
  if (folder.empty()) shot.working_directory = place.place.folder.empty() ? "/" : place.place.folder;
  else shot.working_directory = folder.starts_with("/") ? std::string(folder) : place.place.folder + "/" + std::string(folder);
  shot.user = place.place.account;
  shot.timeout = timeout;
  return shot;
}

NoteOutcome outcome_of(const ports::OneShotOutcome& end) {
  NoteOutcome note;
  note.output = text_of_stream(end.out);
  if (is_good(end)) {
    note.outcome = EffectOutcome::succeeded;
    return note;
  }
  note.reason = reason_of(end);
  if (end.end == ports::OneShotEnd::unknown || end.end == ports::OneShotEnd::unkillable) return note;
  note.outcome = EffectOutcome::failed;
  note.retryable = may_be_tried_again(end);
  // Of what failed the reason stands on the other stream, as a rule.
  if (const std::string complaint = text_of_stream(end.err); !complaint.empty()) note.output = complaint;
  else if (end.end == ports::OneShotEnd::not_executed) note.output = std::strerror(end.value);
  else if (note.output.empty()) note.output = end.detail;
  return note;
}

Judged judge(const ports::OneShotOutcome& end) {
  if (is_good(end)) return {Observed::true_, {}};
  const bool is_answer = (end.end == ports::OneShotEnd::exited && end.value != exit_try_later) ||
                         end.end == ports::OneShotEnd::signalled;
  return {is_answer ? Observed::false_ : Observed::no_data, reason_of(end)};
}

}  // namespace watchbill::drivers::action
