#include "model/refusal.h"

namespace watchbill {
namespace {

struct Row {
  RefusalFamily family;
  int http_status;
  int exit_code;
};

Row row_of(RefusalFamily family) noexcept {
  switch (family) {
    case RefusalFamily::cannot_be_read: return {family, 400, 2};
    case RefusalFamily::who_are_you: return {family, 401, 3};
    case RefusalFamily::you_may_not: return {family, 403, 3};
    case RefusalFamily::not_there: return {family, 404, 2};
    case RefusalFamily::blocked: return {family, 409, 3};
    case RefusalFamily::lock_or_queue: return {family, 409, 4};
    case RefusalFamily::too_large: return {family, 413, 2};
    case RefusalFamily::not_built_yet: return {family, 501, 2};
    case RefusalFamily::cannot_be_decided: return {family, 422, 5};
    case RefusalFamily::evidence: return {family, 422, 6};
    case RefusalFamily::key_reused: return {family, 422, 2};
    case RefusalFamily::try_later: return {family, 503, 75};
    case RefusalFamily::our_fault: return {family, 500, 7};
  }
  return {family, 500, 7};
}

struct Fix {
  Refusal reason;
  std::string_view text;
};
// The reasons that only runs and their plans have.
constexpr std::array<Fix, 27> fixes_in_runs{{
    {Refusal::unknown_parameter, "see the runbook for the parameters that it has"},
    {Refusal::parameter_missing, "give the parameter with --set NAME=VALUE"},
    {Refusal::parameter_invalid, "give a value of at most 4 KiB of UTF-8"},
    {Refusal::template_failed, "mend the template that the message names"},
    {Refusal::unknown_capture, "name a read step that stands before this one"},
    {Refusal::nesting_too_deep, "inline the innermost runbook: four levels are the limit"},
    {Refusal::plan_cycle, "a runbook must not run itself"},
    {Refusal::too_many_steps, "split the runbook"},
    {Refusal::no_target, "say what is changed with `target:`, or name a host that exists"},
    {Refusal::plan_too_large, "shorten the texts of the runbook: 256 KiB is the limit"},
    {Refusal::plan_too_slow, "shorten timeouts: one action may take 1 h, a plan 24 h"},
    {Refusal::unknown_runbook, "see `watchbill check` for the runbooks of the bill"},
    {Refusal::unknown_run, "see `watchbill run list`"},
    {Refusal::unknown_plan, "see `watchbill plan list` for those of the runs in state"},
    {Refusal::approver_is_requester, "ask another approver: nobody approves what they asked for"},
    {Refusal::illegal_transition, "see `watchbill run show` for the state of the run"},
    {Refusal::approval_digest_mismatch, "read the plan again and approve the digest that it has now"},
    {Refusal::approval_expired, "start the run again: an approval holds for 24 h"},
    {Refusal::irreversible_needs_approval, "approve with --accept-irreversible, after reading which step cannot be taken back"},
    {Refusal::outcome_needs_answer, "answer with `watchbill run resolve --answer done|not_done|leave`"},
    {Refusal::nothing_to_answer, "nothing is unknown: see `watchbill run show`"},
    {Refusal::not_asked, "nothing is owed here any more; stop asking"},
    {Refusal::cooldown_active, "look at the last run of this binding; release the hold of the binding when it may act again"},
    {Refusal::runs_limit_reached, "find out why it fires so often; then release the hold of the binding"},
    {Refusal::target_share_reached, "too many targets at once: act by hand, then release the hold of the binding"},
    {Refusal::too_many_runs, "wait until runs have ended"},
    {Refusal::queue_full, "wait until the runs before it have ended"},
}};

std::string_view fix_in_runs(Refusal reason) noexcept {
  for (const Fix& fix : fixes_in_runs)
    if (fix.reason == reason) return fix.text;
  return {};
}

}  // namespace

RefusalFamily family_of(Refusal reason) noexcept {
  switch (reason) {
    case Refusal::bad_argument: case Refusal::config_invalid: case Refusal::unknown_parameter:
    case Refusal::parameter_missing: case Refusal::parameter_invalid: case Refusal::template_failed:
    case Refusal::unknown_capture: case Refusal::nesting_too_deep: case Refusal::plan_cycle: case Refusal::too_many_steps:
    case Refusal::no_target: case Refusal::plan_too_large: case Refusal::plan_too_slow: case Refusal::note_required:
      return RefusalFamily::cannot_be_read;
    case Refusal::not_authenticated: return RefusalFamily::who_are_you;
    case Refusal::host_not_allowed: case Refusal::origin_not_allowed: case Refusal::approver_is_requester:
    case Refusal::role_missing:
      return RefusalFamily::you_may_not;
    case Refusal::unknown_path: case Refusal::unknown_hold: case Refusal::unknown_alert: case Refusal::unknown_delivery:
    case Refusal::position_gone:
    case Refusal::unknown_record:
    case Refusal::unknown_workload:
    case Refusal::unknown_runbook:
    case Refusal::unknown_run:
    case Refusal::unknown_plan:
    case Refusal::unknown_silence:
      return RefusalFamily::not_there;
    case Refusal::hold_active: case Refusal::not_held: case Refusal::not_given_up: case Refusal::dependency_failed:
    case Refusal::restart_budget_exhausted: case Refusal::already_running: case Refusal::not_running: case Refusal::disabled:
    case Refusal::lost_needs_decision: case Refusal::illegal_transition: case Refusal::approval_digest_mismatch:
    case Refusal::approval_expired: case Refusal::irreversible_needs_approval: case Refusal::outcome_needs_answer:
    case Refusal::nothing_to_answer: case Refusal::not_asked: case Refusal::cooldown_active: case Refusal::runs_limit_reached:
    case Refusal::target_share_reached:
      return RefusalFamily::blocked;
    case Refusal::data_in_use: case Refusal::stale_epoch: case Refusal::too_many_runs: case Refusal::queue_full:
    case Refusal::changed_meanwhile:
      return RefusalFamily::lock_or_queue;
    case Refusal::body_too_large: return RefusalFamily::too_large;
    case Refusal::not_yet_supported: return RefusalFamily::not_built_yet;
    case Refusal::chain_broken: case Refusal::journal_newer:
      return RefusalFamily::evidence;
    case Refusal::idempotency_key_reused: return RefusalFamily::key_reused;
    case Refusal::busy: case Refusal::ingest_full: case Refusal::too_many_request_ids: case Refusal::too_many_holds:
    case Refusal::too_many_deliveries: case Refusal::too_many_alerts: case Refusal::too_many_rules:
    case Refusal::too_many_silences: case Refusal::journal_full: case Refusal::closing:
    case Refusal::supervisor_closing:
      return RefusalFamily::try_later;
    case Refusal::internal: case Refusal::quarantined_after_crash:
      return RefusalFamily::our_fault;
  }
  return RefusalFamily::our_fault;
}

int http_status(Refusal reason) noexcept {
  if (reason == Refusal::position_gone) return 410;
  // 429 where the caller's own share is used up, 503 where the whole controller cannot.
  if (reason == Refusal::ingest_full || reason == Refusal::too_many_request_ids) return 429;
  return row_of(family_of(reason)).http_status;
}

int exit_code(Refusal reason) noexcept { return row_of(family_of(reason)).exit_code; }

std::string_view fix_of(Refusal reason) noexcept {
  switch (reason) {
    case Refusal::bad_argument: return "correct the argument that the message names";
    case Refusal::config_invalid: return "run `watchbill check` and mend what it lists; the running configuration is unchanged";
    case Refusal::note_required: return "say why with --reason";
    case Refusal::not_authenticated: return "send the token of an account: --token-file FILE, or Authorization: Bearer";
    case Refusal::host_not_allowed: return "call by an address that watchbill listens on, or set external_url";
    case Refusal::origin_not_allowed: return "send writing requests from the console itself or from a program";
    case Refusal::role_missing: return "ask somebody whose role allows it, or have the role added in `access`";
    case Refusal::unknown_path: return "see GET /api/watchbill/v1/openapi.json for all paths";
    case Refusal::unknown_hold: return "see `watchbill hold show` for the holds in force";
    case Refusal::unknown_alert: return "`watchbill alerts` lists those in state; `watchbill why ID` tells what became of others";
    case Refusal::unknown_delivery: return "see GET /api/watchbill/v1/notifications for the deliveries";
    case Refusal::unknown_record: return "see `watchbill journal list` for what is recorded";
    case Refusal::unknown_silence: return "see `watchbill silence list` for those in state";
    case Refusal::unknown_workload: return "see `watchbill workloads list` for the names";
    case Refusal::dependency_failed:
      return "mend and start the dependency that the message names; this workload follows by itself";
    case Refusal::restart_budget_exhausted: return "find out why it ends, then start it by hand: `watchbill workloads start`";
    case Refusal::already_running: return "nothing to do, or use `watchbill workloads restart`";
    case Refusal::not_running: return "nothing to do: see `watchbill status workloads`";
    case Refusal::disabled: return "set `enabled: true` in the bill and reload";
    case Refusal::lost_needs_decision: return "make sure the old processes are gone, then start it by hand";
    case Refusal::supervisor_closing: return "the workloads are being stopped; try again after the next start";
    case Refusal::position_gone: return "start again without a position: retention has removed it";
    case Refusal::hold_active:
      return "see `watchbill hold show`; an approver releases one by `watchbill hold release --scope SCOPE`";
    case Refusal::not_held: return "nothing to release: see `watchbill hold show`";
    case Refusal::not_given_up: return "only a delivery that was given up can be sent again";
    case Refusal::data_in_use: return "stop the other controller, or choose another --data directory";
    case Refusal::stale_epoch: return "a newer controller has taken over; this one must end";
    case Refusal::changed_meanwhile: return "read the present state and decide again";
    case Refusal::body_too_large: return "send less in one request";
    case Refusal::not_yet_supported: return "leave it out; docs/STATUS.md lists what works";
    case Refusal::chain_broken: return "keep the directory as it is and restore a backup: `watchbill journal restore`";
    case Refusal::journal_newer: return "start the release that wrote this journal, or a newer one";
    case Refusal::idempotency_key_reused: return "use a new key for a new request";
    case Refusal::busy: return "try again in a moment";
    case Refusal::ingest_full: return "keep the data and send it again later";
    case Refusal::too_many_request_ids: return "wait until older request ids have expired (24 h), or leave the id out";
    case Refusal::too_many_holds: return "release holds that are not needed any more";
    case Refusal::too_many_deliveries: return "wait until deliveries have ended, or give up the receiver that does not answer";
    case Refusal::too_many_alerts: return "aggregate in the rule that makes so many alerts, or give it a limit";
    case Refusal::too_many_rules: return "merge rules: one rule with labels instead of many";
    case Refusal::too_many_silences: return "end silences that are not needed any more; ended ones leave after 5 days";
    case Refusal::journal_full: return "make room on the journal's disk; watchbill goes on by itself";
    case Refusal::closing: return "the controller is stopping; try again after it has started";
    case Refusal::unknown_parameter: case Refusal::parameter_missing: case Refusal::parameter_invalid:
    case Refusal::template_failed: case Refusal::unknown_capture: case Refusal::nesting_too_deep: case Refusal::plan_cycle:
    case Refusal::too_many_steps: case Refusal::no_target: case Refusal::plan_too_large: case Refusal::plan_too_slow:
    case Refusal::unknown_runbook: case Refusal::unknown_run: case Refusal::unknown_plan: case Refusal::approver_is_requester:
    case Refusal::illegal_transition: case Refusal::approval_digest_mismatch: case Refusal::approval_expired:
    case Refusal::irreversible_needs_approval: case Refusal::outcome_needs_answer: case Refusal::nothing_to_answer:
    case Refusal::not_asked: case Refusal::cooldown_active: case Refusal::runs_limit_reached:
    case Refusal::target_share_reached: case Refusal::too_many_runs: case Refusal::queue_full:
      return fix_in_runs(reason);
    case Refusal::internal: return "report this with the output of `watchbill why`";
    case Refusal::quarantined_after_crash: return "this command ended the process twice; report it with the crash's message";
  }
  return "";
}

}  // namespace watchbill
