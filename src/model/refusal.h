// Every named reason why a command did not happen. The name is what API, CLI, journal and metrics say; families decide the HTTP
// status and the exit code (design/http.md §5).
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "model/fields.h"

namespace watchbill {

enum class RefusalFamily : std::uint8_t {
  cannot_be_read,
  who_are_you,
  you_may_not,
  not_there,
  blocked,
  lock_or_queue,
  too_large,
  not_built_yet,
  cannot_be_decided,
  evidence,
  key_reused,
  try_later,
  our_fault,
};

enum class Refusal : std::uint8_t {
  // cannot be read
  bad_argument, config_invalid, note_required, unknown_parameter, parameter_missing, parameter_invalid, template_failed,
  unknown_capture, nesting_too_deep, plan_cycle, too_many_steps, no_target, plan_too_large, plan_too_slow,
  // who are you, you may not
  not_authenticated, host_not_allowed, origin_not_allowed, role_missing, approver_is_requester,
  // not there
  unknown_path, unknown_hold, unknown_alert, unknown_delivery, position_gone, unknown_record, unknown_workload,
  unknown_runbook, unknown_run, unknown_plan, unknown_silence,
  // blocked
  hold_active, not_held, not_given_up, dependency_failed, restart_budget_exhausted, already_running, not_running, disabled,
  lost_needs_decision, illegal_transition, approval_digest_mismatch, approval_expired, irreversible_needs_approval,
  outcome_needs_answer, nothing_to_answer, not_asked, cooldown_active, runs_limit_reached, target_share_reached,
  // lock, queue, fence
  data_in_use, stale_epoch, changed_meanwhile, too_many_runs, queue_full,
  // others, each a family of its own
  body_too_large, not_yet_supported, chain_broken, journal_newer, idempotency_key_reused,
  // full, closing
  busy, ingest_full, too_many_request_ids, too_many_holds, too_many_deliveries, too_many_alerts, too_many_rules,
  too_many_silences, journal_full, closing, supervisor_closing,
  // our fault
  internal, quarantined_after_crash,
};

template <>
struct Words<Refusal> {
  static constexpr std::array<std::string_view, 72> table{
      "bad_argument", "config_invalid", "note_required", "unknown_parameter", "parameter_missing", "parameter_invalid",
      "template_failed", "unknown_capture", "nesting_too_deep", "plan_cycle", "too_many_steps", "no_target",
      "plan_too_large", "plan_too_slow", "not_authenticated", "host_not_allowed", "origin_not_allowed", "role_missing",
      "approver_is_requester", "unknown_path", "unknown_hold", "unknown_alert", "unknown_delivery", "position_gone",
      "unknown_record", "unknown_workload", "unknown_runbook", "unknown_run", "unknown_plan", "unknown_silence", "hold_active",
      "not_held", "not_given_up", "dependency_failed", "restart_budget_exhausted", "already_running", "not_running", "disabled",
      "lost_needs_decision", "illegal_transition", "approval_digest_mismatch", "approval_expired",
      "irreversible_needs_approval", "outcome_needs_answer", "nothing_to_answer", "not_asked", "cooldown_active",
      "runs_limit_reached", "target_share_reached", "data_in_use", "stale_epoch", "changed_meanwhile", "too_many_runs",
      "queue_full", "body_too_large", "not_yet_supported", "chain_broken", "journal_newer", "idempotency_key_reused", "busy",
      "ingest_full", "too_many_request_ids", "too_many_holds", "too_many_deliveries", "too_many_alerts", "too_many_rules",
      "too_many_silences", "journal_full", "closing", "supervisor_closing", "internal", "quarantined_after_crash"};
};
static_assert(static_cast<std::size_t>(Refusal::quarantined_after_crash) + 1 == Words<Refusal>::table.size());

// A refusal with what was special about this one: "scope binding/WebDown is not held". The sentence for people is refusal_text().
struct Refused {
  Refusal reason{Refusal::internal};
  std::string message;

  friend bool operator==(const Refused&, const Refused&) = default;
};

[[nodiscard]] RefusalFamily family_of(Refusal reason) noexcept;
// The status of the family in HTTP answers; position_gone is 410, the waiting reasons 429 or 503.
[[nodiscard]] int http_status(Refusal reason) noexcept;
// The exit code of a verb that was refused for this reason (design/commands.md §1).
[[nodiscard]] int exit_code(Refusal reason) noexcept;
// What to do about it, one sentence for a person.
[[nodiscard]] std::string_view fix_of(Refusal reason) noexcept;

}  // namespace watchbill
